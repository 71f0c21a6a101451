// The film: a strip of keyframes, its speed, what it takes, and its renders.

import { FilmFile } from "./film-file.js";
import { Jobs } from "./film-jobs.js";
import { Look } from "./film-look.js";
import { FIELDS, made, planFacts, words } from "./film-parts.js";
import { drawSpeed } from "./film-speed.js";
import { THUMBNAIL_PX, itemOf } from "./film-strip.js";
import { ask, records } from "./wire.js";

// After the last change, until the film is looked at again.
const PAUSE_MS = 200;

export class Film {
  constructor(element, app) {
    this.element = element;
    this.app = app;
    app.film = this;
    // As it was opened or saved: its text, and what the keyframes were in it.
    this.text = "";
    this.video = {};
    this.keyframes = [];
    this.selected = -1;
    this.facts = null;
    this.changes = 0;
    this.file = new FilmFile(this);
    this.build();
    new Look(this);
    this.jobs = new Jobs(this.part("jobs"), app);
    this.drawStrip();
    this.fold(true);
    this.start();
  }

  part(id) { return this.element.querySelector(`#${id}`); }

  build() {
    this.element.classList.add("film");
    this.element.append(...made());
    const on = (id, event, act) => this.part(id).addEventListener(event, act);
    const told = (act) => () => act().catch((error) => this.tell(error));
    on("add-keyframe", "click", told(() => this.add()));
    on("fold-film", "click", () => this.fold(!this.element.classList.contains("folded")));
    on("save", "click", told(() => this.file.save()));
    on("check", "click", told(() => this.check(true)));
    on("render", "click", told(() => this.render()));
    on("new-film", "click", () => this.file.clear());
    on("open", "change", told(() => this.file.chosen()));
    on("name", "input", () => this.changed());
    this.app.picture.addEventListener("settings", () => this.changed());
    for (const key of ["width", "height", "fps"]) {
      on(`video-${key}`, "change", () => {
        const { value } = this.part(`video-${key}`);
        if (value.trim()) this.video[key] = value.trim();
        else delete this.video[key];
        this.changed();
      });
    }
    on("keyframes", "keydown", (event) => this.key(event));
    on("keyframe-fields", "change", (event) => this.edit(event.target));
    on("earlier", "click", () => this.shift(this.selected, this.selected - 1));
    on("later", "click", () => this.shift(this.selected, this.selected + 1));
    on("replace", "click", told(() => this.replace()));
    on("go-to", "click", () => this.goTo(this.selected));
    on("remove", "click", () => this.remove(this.selected));
    this.app.panel.addEventListener("change", () => {
      if (this.app.panel.isPhone && !this.app.panel.isFolded) this.fold(true);
    });
    new ResizeObserver(() => this.drawFacts()).observe(this.part("speed"));
  }

  // A film that is begun is shown, but on a phone, where it would hide what is being looked for.
  unfold() {
    if (!this.app.panel.isPhone) this.fold(false);
  }

  // Show only the bar and the strip.
  fold(folded) {
    // A phone has room for one of the two.
    if (!folded && this.app.panel.isPhone) this.app.panel.set(false);
    this.element.classList.toggle("folded", folded);
    const button = this.part("fold-film");
    button.textContent = folded ? "▴" : "▾";
    button.ariaExpanded = String(!folded);
  }

  async start() {
    try {
      const { start } = await this.file.list();
      // The page begins where the config does, or at its bookmark.
      if (start) await this.file.open(start, false);
    } catch (error) { this.tell(error); }
  }

  // What the server takes.
  asked() {
    const { maxiter, look } = this.app.picture.settings;
    return {
      name: this.part("name").value.trim(), text: this.text, video: this.video,
      maxiter: maxiter ?? null, colour: look ?? null,
      keyframes: this.keyframes.map(({ was, values }) => ({ was, values })),
    };
  }

  tell(error) {
    if (error.name === "AbortError") return;
    this.app.say(error.message);
    this.part("warnings").replaceChildren(
      ...error.message.split("\n").map((line) => this.warning(line.replace(/^[^:]*:(?=\d)/, "line "), line)));
  }

  // Keyframes

  async add() {
    const { view } = this.app.picture;
    if (!view) return;
    this.unfold();
    const at = this.selected < 0 ? this.keyframes.length : this.selected + 1;
    const before = this.keyframes[at - 1];
    const values = { center: [view.re, view.im], width: view.width };
    if (view.rotation) values.rotation = String(view.rotation);
    if (before === undefined) values.time = "0";
    else if (before.values.width !== view.width) values.speed = "2";
    else values.time = String(Math.ceil((this.facts?.times[at - 1] ?? 0) + 4));
    const keyframe = { was: null, values, view: { ...view }, picture: null };
    this.keyframes.splice(at, 0, keyframe);
    this.select(at);
    this.settle();
    await this.picture(keyframe);
  }

  async picture(keyframe) {
    const shown = await this.app.thumbnail(THUMBNAIL_PX);
    keyframe.picture = shown instanceof Blob ? URL.createObjectURL(shown)
      : shown instanceof HTMLCanvasElement ? shown.toDataURL("image/jpeg", 0.85) : shown;
    this.drawStrip();
  }

  async replace() {
    const keyframe = this.keyframes[this.selected];
    const { view } = this.app.picture;
    if (!keyframe || !view) return;
    const { zoom: _, ...values } = keyframe.values;
    keyframe.values = { ...values, center: [view.re, view.im], width: view.width,
      rotation: view.rotation ? String(view.rotation) : "" };
    keyframe.view = { ...view };
    this.settle();
    await this.picture(keyframe);
  }

  goTo(index) {
    const keyframe = this.keyframes[index];
    if (keyframe) this.app.picture.show(keyframe.view);
  }

  remove(index) {
    if (!this.keyframes[index]) return;
    this.keyframes.splice(index, 1);
    this.selected = Math.min(index, this.keyframes.length - 1);
    this.settle();
  }

  shift(from, to) {
    if (!this.keyframes[from] || to < 0 || to >= this.keyframes.length || from === to) return;
    // Times stay in order: each place keeps its own.
    const times = this.keyframes.map(({ values }) => values.time).filter((time) => time !== undefined);
    const [moved] = this.keyframes.splice(from, 1);
    this.keyframes.splice(to, 0, moved);
    for (const { values } of this.keyframes) if (values.time !== undefined) values.time = times.shift();
    this.selected = to;
    this.settle();
    this.part("keyframes").children[to]?.querySelector("button").focus();
  }

  // The first keyframe has time 0, and no other.
  settle() {
    this.keyframes.forEach(({ values }, index) => {
      if (index === 0) {
        delete values.speed;
        values.time = "0";
      } else if (values.time !== undefined && Number(values.time) === 0) {
        delete values.time;
        values.speed = "2";
      }
    });
    this.drawStrip();
    this.changed();
  }

  select(index) {
    this.selected = index;
    this.drawStrip();
  }

  edit(field) {
    const keyframe = this.keyframes[this.selected];
    if (!keyframe) return;
    const { values } = keyframe;
    if (field.id === "pace" || field.id === "pace-value") {
      delete values.time;
      delete values.speed;
      values[this.part("pace").value] = this.part("pace-value").value.trim();
    } else {
      const key = field.id.replace("keyframe-", "");
      if (field.value.trim()) values[key] = field.value.trim();
      else delete values[key];
      if (key === "rotation") keyframe.view = { ...keyframe.view, rotation: Number(field.value) || 0 };
    }
    this.drawStrip();
    this.changed();
  }

  key(event) {
    const index = [...this.part("keyframes").children].findIndex((item) => item.contains(event.target));
    if (index < 0) return;
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (event.key === "Delete" || event.key === "Backspace") this.remove(index);
    else if (step && event.altKey) this.shift(index, index + step);
    else if (step) this.part("keyframes").children[index + step]?.querySelector("button").focus();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  // Drawing

  drawStrip() {
    const strip = this.part("keyframes");
    const focused = [...strip.children].findIndex((item) => item.contains(document.activeElement));
    strip.replaceChildren(...this.keyframes.map((keyframe, index) => itemOf(this, keyframe, index)));
    if (focused >= 0) strip.children[Math.min(focused, strip.children.length - 1)]?.querySelector("button").focus();
    this.part("keyframe-fields").hidden = this.selected < 0;
    const keyframe = this.keyframes[this.selected];
    if (!keyframe) return;
    const { values } = keyframe;
    const isFirst = this.selected === 0;
    this.part("pace").value = values.speed === undefined ? "time" : "speed";
    this.part("pace").disabled = this.part("pace-value").disabled = isFirst;
    this.part("pace-value").value = values.speed ?? values.time ?? "";
    for (const key of FIELDS) this.part(`keyframe-${key}`).value = values[key] ?? (key === "ease" ? "smooth" : "");
    this.part("earlier").disabled = isFirst;
    this.part("later").disabled = this.selected === this.keyframes.length - 1;
  }

  drawFacts() {
    if (this.facts) drawSpeed(this.part("speed"), this.facts);
  }

  warning(text, whole = text) {
    const item = document.createElement("li");
    const index = Number(/keyframes\[(\d+)\]/.exec(whole)?.[1] ?? -1);
    if (index < 0) item.textContent = text;
    else {
      const button = document.createElement("button");
      Object.assign(button, { type: "button", textContent: text });
      button.addEventListener("click", () => this.select(index));
      item.append(button);
    }
    return item;
  }

  // The server's part

  changed() {
    clearTimeout(this.timer);
    this.part("plan").replaceChildren();
    this.changes += 1;
    this.timer = setTimeout(() => this.check(false).catch((error) => this.tell(error)), PAUSE_MS);
  }

  // What is known at once; and, where it is to be `thorough`, what the server measures.
  async check(thorough) {
    this.checking?.abort();
    const { signal } = this.checking = new AbortController();
    if (!this.keyframes.length) {
      this.facts = null;
      this.part("warnings").replaceChildren();
      return;
    }
    if (thorough) this.part("plan").textContent = "measuring what it takes…";
    const question = { film: this.asked(), thorough };
    const change = this.changes;
    for await (const [facts] of records("/api/film/check", question, signal)) {
      if (signal.aborted) return;
      if (facts.error) throw new Error(facts.error);
      if (facts.film) this.arrived(facts.film);
      this.element.dataset.checked = String(change);
      if (facts.plan) this.planned(facts.plan);
    }
  }

  arrived(facts) {
    this.facts = facts;
    const slider = this.part("scrub");
    slider.max = String(facts.seconds);
    slider.disabled = facts.seconds === 0;
    this.part("length").textContent = `${facts.seconds.toFixed(1)} s, ${facts.frames} frames, `
      + `${facts.octaves.toFixed(1)} octaves`;
    this.part("yaml").textContent = facts.text;
    this.warn(facts.warnings);
    this.drawFacts();
    [...this.part("keyframes").children].forEach((item, index) => {
      item.querySelector("button > span:last-child").textContent = words(this.keyframes[index], index, facts);
    });
  }

  warn(warnings) {
    this.part("warnings").replaceChildren(
      ...warnings.map(({ key, text }) => this.warning(key ? `${key}: ${text}` : text)));
  }

  planned(plan) {
    this.part("plan").replaceChildren(...Object.entries(planFacts(plan)).flatMap(([name, text]) => {
      const [term, fact] = [document.createElement("dt"), document.createElement("dd")];
      [term.textContent, fact.textContent] = [name, text];
      return [term, fact];
    }));
    this.warn(plan.warnings);
  }

  async render() {
    if (!await this.file.save()) return;
    await ask("/api/film/render", { name: this.part("name").value.trim() });
    await this.jobs.look();
  }
}
