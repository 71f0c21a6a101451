// The layers over the base colours: what each shows, how it blends, and how opaque it is.

const BY = ["stripes", "distance", "trap", "decomposition", "count"];
const BLENDS = ["overlay", "soft-light", "multiply", "screen", "add", "normal"];
const OPACITY = 0.5;
const MOST = 8;

export class Layers extends EventTarget {
  // Events: change.
  constructor(list, add) {
    super();
    [this.list, this.add] = [list, add];
    // What a person cannot set here, a palette or a period, stays as it is.
    this.layers = [];
    add.addEventListener("click", () => this.set([...this.layers, { by: BY[0] }]));
  }

  // Show the layers of a look; what is shown already stays, and keeps its focus.
  tell(layers) {
    if (JSON.stringify(layers) === JSON.stringify(this.layers)) return;
    this.layers = layers;
    this.list.replaceChildren(...layers.map((layer, index) => this.item(layer, index)));
    this.add.disabled = layers.length >= MOST;
  }

  set(layers) {
    this.tell(layers);
    this.dispatchEvent(new Event("change"));
  }

  item(layer, index) {
    const item = document.createElement("fieldset");
    const legend = document.createElement("legend");
    const remove = document.createElement("button");
    Object.assign(remove, { type: "button", textContent: "Remove", ariaLabel: `Remove layer ${index + 1}` });
    remove.addEventListener("click", () => this.set(this.layers.toSpliced(index, 1)));
    legend.append(`Layer ${index + 1}`, remove);
    const opacity = Object.assign(document.createElement("input"), {
      type: "range", min: "0", max: "1", step: "0.05", value: String(layer.opacity ?? OPACITY),
    });
    item.append(legend,
      this.field(index, "Shows", "by", select(BY, layer.by)),
      this.field(index, "Blend", "blend", select(BLENDS, layer.blend ?? BLENDS[0])),
      this.field(index, "Opacity", "opacity", opacity));
    return item;
  }

  field(index, text, key, control) {
    const field = document.createElement("div");
    const label = document.createElement("label");
    field.className = "field";
    control.id = label.htmlFor = `layer-${index}-${key}`;
    label.textContent = text;
    control.addEventListener(control.type === "range" ? "input" : "change", () => {
      const value = control.type === "range" ? Number(control.value) : control.value;
      // In place, so that the control that is held is not drawn anew.
      this.layers = this.layers.with(index, { ...this.layers[index], [key]: value });
      this.dispatchEvent(new Event("change"));
    });
    field.append(label, control);
    return field;
  }
}

function select(names, chosen) {
  const made = document.createElement("select");
  made.append(...names.map((name) => new Option(name, name)));
  made.value = chosen;
  return made;
}
