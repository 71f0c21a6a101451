// The parts of the film's panel, and the words on them.

export const FIELDS = ["ease", "hold", "rotation", "maxiter"];

const EASES = ["smooth", "linear", "in", "out", "in-out"];

function element(name, facts = {}, ...children) {
  const { id, className, label, ...rest } = facts;
  const node = Object.assign(document.createElement(name), rest);
  if (id) node.id = id;
  if (className) node.className = className;
  if (label) node.ariaLabel = label;
  node.append(...children);
  return node;
}

const button = (id, text, title = "") => element("button", { id, type: "button", textContent: text, title });

function labelled(text, id, facts = {}, name = "input", ...children) {
  const field = element(name, { id, ...facts }, ...children);
  return element("label", {}, element("span", { textContent: text }), field);
}

const options = (texts) => texts.map((text) => new Option(text, text));

// All parts, in their order on the page.
export function made() {
  const number = { inputMode: "decimal", autocomplete: "off", size: 6 };
  return [
    element("div", { className: "film-bar" },
      button("add-keyframe", "Add this view", "Adds what the picture shows as a keyframe"),
      labelled("Name", "name", { autocomplete: "off", spellcheck: false, size: 14 }),
      button("save", "Save"), button("check", "Check", "Measures what the render takes"),
      button("render", "Render"),
      element("button", {
        id: "fold-film", type: "button", textContent: "▾", label: "Fold the film",
        ariaExpanded: "true",
      })),
    element("div", { className: "film-bar" },
      element("select", { id: "open", label: "Open a config" }), button("new-film", "New"),
      labelled("Width", "video-width", { ...number, placeholder: "1280" }),
      labelled("Height", "video-height", { ...number, placeholder: "720" }),
      labelled("Frames a second", "video-fps", { ...number, placeholder: "30" })),
    element("ol", { id: "keyframes", label: "Keyframes; Alt and an arrow key move one" }),
    element("canvas", { id: "speed", role: "img", label: "Speed of the zoom, in octaves a second, over time" }),
    element("input", {
      id: "scrub", type: "range", min: "0", max: "0", step: "any", value: "0", disabled: true,
      label: "Moment of the film",
    }),
    element("div", { className: "film-bar" },
      element("button", { id: "play", type: "button", textContent: "Play", ariaPressed: "false" }),
      button("look-through", "Look through", "Draws the film small, to be scrubbed and played without waiting"),
      element("output", { id: "moment" }), element("span", { id: "length" })),
    element("div", { id: "keyframe-fields", className: "film-bar", hidden: true },
      element("select", { id: "pace", label: "What is said of the way to this keyframe" },
        new Option("Time (s)", "time"), new Option("Speed (octaves/s)", "speed")),
      element("input", { id: "pace-value", label: "Time or speed", ...number }),
      labelled("Ease", "keyframe-ease", {}, "select", ...options(EASES)),
      labelled("Hold (s)", "keyframe-hold", { ...number, placeholder: "0" }),
      labelled("Rotation (°)", "keyframe-rotation", { ...number, placeholder: "0" }),
      labelled("maxiter", "keyframe-maxiter", { ...number, placeholder: "as the film" }),
      button("earlier", "◀", "Earlier"), button("later", "▶", "Later"), button("go-to", "Show"),
      button("replace", "Set to this view"), button("remove", "Remove")),
    element("ul", { id: "warnings", label: "Warnings" }),
    element("dl", { id: "plan", label: "What the render takes" }),
    element("details", {}, element("summary", { textContent: "YAML" }), element("pre", { id: "yaml", tabIndex: 0 })),
    element("ul", { id: "jobs", label: "Renders" }),
    element("dialog", { id: "player", label: "The film" },
      element("form", { method: "dialog" }, element("button", { textContent: "Close" })),
      element("iframe", { title: "The film", sandbox: "allow-scripts" })),
    element("dialog", { id: "sure" }, element("p"),
      element("form", { method: "dialog" },
        element("button", { value: "yes", textContent: "Replace" }),
        element("button", { value: "no", textContent: "Keep", autofocus: true }))),
  ];
}

// A width as it is read on a keyframe: its first two digits.
function short(width) {
  const [, digits, rest, exponent] = /^(\d*)\.?(\d*)(?:[eE]([+-]?\d+))?$/.exec(String(width)) ?? [];
  if (digits === undefined) return String(width);
  const all = (digits + rest).replace(/^0+/, "");
  const power = Number(exponent ?? 0) + digits.length - 1 - ((digits + rest).length - all.length);
  if (!all) return "0";
  return power > -3 && power < 3 ? String(Number(Number(width).toPrecision(2)))
    : `${all[0]}.${all[1] ?? "0"}e${power}`;
}

export function words({ values, view }, index, facts) {
  const time = facts?.times[index];
  const when = time === undefined ? "" : `${time.toFixed(1)} s, `;
  return `${when}${short(view?.width ?? values.width)}`;
}

// What a render takes, in words.
export function planFacts(plan) {
  const size = (bytes) => bytes === null ? "unknown" : bytes < 1e9 ? `${Math.ceil(bytes / 1e6)} MB`
    : `${(bytes / 1e9).toFixed(1)} GB`;
  const minutes = plan.seconds / 60;
  const time = minutes < 2 ? `${Math.ceil(plan.seconds)} s` : minutes < 120 ? `${Math.ceil(minutes)} min`
    : `${(minutes / 60).toFixed(1)} h`;
  return {
    time: `about ${time} with ${plan.workers} workers`,
    memory: `${size(plan.memory_bytes)} of ${size(plan.available_bytes)}`,
    disk: `${size(plan.disk_bytes)} of ${size(plan.free_bytes)} free`,
    "to do": `${plan.frames} frames, ${(plan.samples / 1e6).toFixed(1)} million samples`,
  };
}
