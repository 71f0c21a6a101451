// The place as text: centre, width and maximum iterations, to read, copy, type and paste.

import { isNumber, isPositive, log10, numbersIn } from "./numbers.js";

const WHOLE_LOG10 = Math.log10(3.5);
const ALL = ["center-re", "center-im", "width"];

export class Place {
  constructor(app) {
    const { picture } = this.app = app;
    this.fields = Object.fromEntries(
      [...ALL, "maxiter", "kernel", "zoom", "upright", "copy"].map(
        (id) => [id, document.getElementById(id)],
      ),
    );
    for (const id of ALL) {
      const field = this.fields[id];
      field.addEventListener("change", () => this.typed(field));
      field.addEventListener("paste", (event) => this.pasted(event));
      field.addEventListener("focus", () => field.select());
      enters(field);
    }
    this.fields.maxiter.addEventListener("change", () => this.limited());
    enters(this.fields.maxiter);
    this.fields.copy.addEventListener("click", () => this.copy());
    this.fields.upright.addEventListener("click", () => {
      picture.show({ ...picture.view, rotation: 0 });
    });
    picture.addEventListener("view", () => this.tell());
    picture.addEventListener("settings", () => this.tell());
    picture.addEventListener("fact", ({ detail }) => {
      if (detail.maxiter) this.fields.maxiter.placeholder = `auto: ${detail.maxiter}`;
      if (detail.kernel) this.fields.kernel.value = detail.kernel;
    });
  }

  tell() {
    const { view, settings } = this.app.picture;
    const { fields } = this;
    const values = { "center-re": view.re, "center-im": view.im, width: view.width };
    for (const [id, value] of Object.entries(values)) {
      if (document.activeElement === fields[id] && fields[id].ariaInvalid === "true") continue;
      fields[id].value = value;
      fields[id].ariaInvalid = "false";
    }
    fields.maxiter.value = settings.maxiter === "auto" ? "" : settings.maxiter;
    fields.upright.hidden = !view.rotation;
    const tens = WHOLE_LOG10 - log10(view.width);
    const octaves = tens * Math.log2(10);
    fields.zoom.textContent = octaves < 0.05 ? "The whole set"
      : `${octaves.toFixed(1)} octaves deep, ${tens.toFixed(1)} powers of ten`;
  }

  typed(field) {
    const { fields, app } = this;
    const right = field === fields.width ? isPositive(field.value) : isNumber(field.value);
    field.ariaInvalid = right ? "false" : "true";
    if (!right) {
      app.say(field === fields.width
        ? "A width is a number above 0, such as 1e-12." : "That is no number, such as -0.75.");
      return;
    }
    const [re, im, width] = ALL.map((id) => fields[id].value.trim());
    if (isNumber(re) && isNumber(im) && isPositive(width)) {
      app.picture.show({ ...app.picture.view, re, im, width });
    }
  }

  // A centre, or a centre and a width, in whatever they are written.
  pasted(event) {
    const numbers = numbersIn(event.clipboardData.getData("text"));
    if (numbers.length !== 2 && numbers.length !== 3) return;
    event.preventDefault();
    const { view } = this.app.picture;
    const [re, im, width = view.width] = numbers;
    if (isPositive(width)) this.app.picture.show({ ...view, re, im, width });
  }

  limited() {
    const field = this.fields.maxiter;
    const text = field.value.trim().toLowerCase();
    const steps = Number(text);
    const right = text === "" || text === "auto" || (Number.isInteger(steps) && steps >= 1 && steps <= 2e9);
    field.ariaInvalid = right ? "false" : "true";
    if (!right) this.app.say("Maximum iterations: a whole number from 1 to 2e9, or nothing for auto.");
    else this.app.picture.set({ maxiter: steps > 0 ? steps : "auto" });
  }

  async copy() {
    const { re, im, width } = this.app.picture.view;
    const text = `center: ["${re}", "${im}"]\nwidth: "${width}"\n`;
    try {
      await navigator.clipboard.writeText(text);
      this.app.say("Copied.");
    } catch {
      this.app.say("The browser does not let pages copy here; take the text from the fields.");
    }
  }
}

// The Enter key takes what was typed.
function enters(field) {
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter") field.dispatchEvent(new Event("change"));
  });
}
