// The look: controls of the section `colour` of a config, and a sheet of ready looks.

import { Layers } from "./layers.js";
import { page } from "./picture.js";
import { ask, records } from "./wire.js";

const PAUSE_MS = 90;
const LIGHT = { azimuth: 135, elevation: 45, strength: 0.6 };
const FINISH = ["bloom", "grain"];
const FOG = { strength: 0.7, distance: 6 };

export class Look {
  constructor(app, start) {
    const { picture } = this.app = app;
    this.ready = start.looks;
    this.element = (id) => document.getElementById(id);
    this.fill(start.palettes);
    for (const id of ["palette", "by", "scale", "turn-length", "interior", "offset", "light", "fog",
      "light-azimuth", "light-elevation", "light-strength", "fog-strength", "fog-distance",
      ...FINISH]) {
      this.element(id).addEventListener(
        this.element(id).type === "range" || this.element(id).type === "color" ? "input" : "change",
        () => this.soon(),
      );
    }
    this.layers = new Layers(this.element("layers"), this.element("add-layer"));
    this.layers.addEventListener("change", () => this.soon());
    this.element("palette-file").addEventListener("click", () => this.element("palette-chosen").click());
    this.element("palette-chosen").addEventListener("change", (event) => {
      if (event.target.files.length > 0) this.take(event.target.files[0]);
      event.target.value = "";
    });
    this.takeDrops();
    this.tiles = this.ready.map((look) => this.tile(look));
    picture.addEventListener("settings", () => this.tell());
    picture.addEventListener("view", () => { this.sheetOf = null; });
    picture.addEventListener("state", () => this.drawSheet());
    this.tell();
  }

  fill({ own, others }) {
    const select = this.element("palette");
    for (const [label, names] of [["Of this program", own], ["All others", others]]) {
      const group = document.createElement("optgroup");
      group.label = label;
      for (const name of names) group.append(new Option(name, name));
      select.append(group);
    }
  }

  get colour() { return this.app.picture.settings.look; }

  // Set the controls to the look that is shown.
  tell() {
    const colour = this.colour;
    const { palette = "dusk", light, fog } = colour;
    const select = this.element("palette");
    if (typeof palette !== "string" && this.listed === undefined) {
      this.listed = new Option("a list of colours", "list");
      select.prepend(this.listed);
    }
    select.value = typeof palette === "string" ? palette : "list";
    if (typeof palette !== "string") this.colours = palette;
    this.element("by").value = colour.by ?? "count";
    this.element("scale").value = colour.scale ?? "adaptive";
    this.element("turn-length").value = colour.period ?? "";
    this.element("offset").value = ((Number(colour.offset ?? 0) % 1) + 1) % 1;
    this.element("interior").value = hexOf(colour.interior);
    for (const [name, section, usual] of [["light", light, LIGHT], ["fog", fog, FOG]]) {
      const on = section !== undefined && section !== null;
      this.element(name).checked = on;
      this.element(name).closest("fieldset").classList.toggle("off", !on);
      for (const key of Object.keys(usual)) {
        const value = Number(section?.[key] ?? usual[key]);
        this.element(`${name}-${key}`).value = name === "fog" && key === "distance" ? Math.log2(value) : value;
      }
    }
    for (const key of FINISH) this.element(key).value = colour[key] ?? 0;
    this.layers.tell(colour.layers ?? []);
    const shown = JSON.stringify(colour);
    for (const [index, { button }] of this.tiles?.entries() ?? []) {
      button.ariaPressed = JSON.stringify(this.ready[index].colour) === shown;
    }
  }

  soon() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.change(), PAUSE_MS);
  }

  // Take the look from the controls; what they do not show stays as it is.
  change() {
    const value = (id) => this.element(id).value;
    const look = { ...this.colour };
    const put = (key, chosen, usual) => {
      if (chosen === usual) delete look[key];
      else look[key] = chosen;
    };
    put("palette", value("palette") === "list" ? this.colours : value("palette"), "dusk");
    put("by", value("by"), "count");
    put("scale", value("scale"), "adaptive");
    put("offset", Number(value("offset")), 0);
    put("interior", value("interior"), "#000000");
    const period = Number(value("turn-length"));
    const wrong = value("turn-length").trim() !== "" && !(period > 0);
    this.element("turn-length").ariaInvalid = wrong;
    if (!wrong) put("period", period, 0);
    for (const [name, usual] of [["light", LIGHT], ["fog", FOG]]) {
      if (!this.element(name).checked) delete look[name];
      else look[name] = { ...look[name], ...this.section(name, usual) };
    }
    for (const key of FINISH) put(key, Number(value(key)), 0);
    if (this.layers.layers.length > 0) look.layers = this.layers.layers;
    else delete look.layers;
    this.app.picture.set({ look });
  }

  section(name, usual) {
    return Object.fromEntries(Object.keys(usual).map((key) => {
      const number = Number(this.element(`${name}-${key}`).value);
      const isLog = name === "fog" && key === "distance";
      return [key, isLog ? Math.round(2 ** number * 100) / 100 : number];
    }));
  }

  takeDrops() {
    const { body } = document;
    body.addEventListener("dragover", (event) => {
      if (![...event.dataTransfer.types].includes("Files")) return;
      event.preventDefault();
      body.classList.add("dropping");
    });
    body.addEventListener("dragleave", () => body.classList.remove("dropping"));
    body.addEventListener("drop", (event) => {
      body.classList.remove("dropping");
      if (event.dataTransfer.files.length === 0) return;
      event.preventDefault();
      this.take(event.dataTransfer.files[0]);
    });
  }

  // A palette file of another program.
  async take(file) {
    try {
      const { colours, remarks } = await ask(`/api/palette?name=${encodeURIComponent(file.name)}`, file);
      this.app.picture.set({ look: { ...this.colour, palette: colours } });
      this.app.say([`${file.name}: ${colours.length} colours.`, ...remarks].join(" "));
    } catch (error) {
      this.app.say(error.message);
    }
  }

  tile({ label, colour }) {
    const item = document.createElement("li");
    const button = document.createElement("button");
    const image = document.createElement("img");
    const text = document.createElement("span");
    Object.assign(button, { type: "button", className: "pick", title: label });
    image.alt = "";
    text.textContent = nameOf(colour);
    button.append(image, text);
    button.addEventListener("click", () => this.app.picture.set({ look: colour }));
    item.append(button);
    this.element("looks").append(item);
    return { button, image };
  }

  // Draw the sheet of the view that is there, once it is sharp; the hand goes first.
  async drawSheet() {
    const { picture } = this.app;
    if (picture.state !== "full") {
      this.sheet?.abort();
      return;
    }
    if (!this.app.shows("look") || this.sheetOf === picture.view || this.app.maxiter === null) return;
    if (picture.canvas.dataset.fine !== "true") return;
    this.sheet?.abort();
    const sheet = this.sheet = new AbortController();
    const { view } = picture;
    try {
      const question = { page, view, maxiter: this.app.maxiter };
      for await (const [facts, data] of records("/api/looks", question, sheet.signal)) {
        if (facts.error) throw new Error(facts.error);
        const { image } = this.tiles[facts.look];
        URL.revokeObjectURL(image.src);
        image.src = URL.createObjectURL(new Blob([data], { type: "image/jpeg" }));
      }
      this.sheetOf = view;
    } catch (error) {
      if (!sheet.signal.aborted) this.app.say(error.message);
    }
  }
}

// A few words for a look.
function nameOf({ by, palette = "dusk", scale, light, layers = [] }) {
  const words = [by ?? (typeof palette === "string" ? palette : "own colours")];
  if (by !== undefined && typeof palette === "string") words.push(`in ${palette}`);
  if (scale === "histogram") words.push("evened");
  if (light) words.push("lit");
  return [words.join(" "), ...layers.map((layer) => layer.by)].join(" + ");
}

function hexOf(colour) {
  if (typeof colour === "string" && /^#[0-9a-f]{6}$/i.test(colour)) return colour;
  if (Array.isArray(colour)) return `#${colour.map((part) => Number(part).toString(16).padStart(2, "0")).join("")}`;
  return colour === "white" ? "#ffffff" : "#000000";
}
