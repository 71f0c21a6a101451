// Where the page has been: undo and redo, and the address, which is a bookmark.

import { isNumber, isPositive } from "./numbers.js";

// A gesture has ended when nothing has moved for so long.
const SETTLED_MS = 500;
const MOST_STEPS = 200;

export class History extends EventTarget {
  // Events: change (what can be undone has changed).
  constructor(picture) {
    super();
    this.picture = picture;
    this.steps = [];
    this.index = -1;
    picture.addEventListener("view", () => this.soon());
    picture.addEventListener("settings", () => this.soon());
    window.addEventListener("hashchange", () => {
      const place = placeOf(location.hash);
      if (place !== null) this.show(place);
    });
  }

  get canUndo() { return this.index > 0; }
  get isSettled() { return !this.timer; }
  get canRedo() { return this.index < this.steps.length - 1; }

  soon() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.settle(), SETTLED_MS);
  }

  // Take down where the picture is, unless it is there already.
  settle() {
    clearTimeout(this.timer);
    this.timer = 0;
    const { view, settings } = this.picture;
    const here = hashOf(view, settings);
    if (this.steps[this.index]?.hash === here) return;
    this.steps.splice(this.index + 1);
    this.steps.push({ hash: here, view, settings: { ...settings } });
    if (this.steps.length > MOST_STEPS) this.steps.shift();
    this.index = this.steps.length - 1;
    this.tell();
  }

  undo() {
    this.settle();
    if (this.canUndo) this.to(this.index - 1);
  }

  redo() {
    this.settle();
    if (this.canRedo) this.to(this.index + 1);
  }

  to(index) {
    this.index = index;
    this.show(this.steps[index]);
    this.tell();
  }

  show({ view, settings }) {
    this.picture.show(view);
    this.picture.set(settings);
  }

  tell() {
    const { hash } = this.steps[this.index];
    history.replaceState(null, "", hash);
    this.dispatchEvent(new Event("change"));
  }
}

export function hashOf({ re, im, width, rotation }, { maxiter, look }) {
  const facts = new URLSearchParams({ re, im, width });
  if (rotation) facts.set("rotation", rotation);
  if (maxiter !== "auto") facts.set("maxiter", maxiter);
  if (Object.keys(look).length > 0) facts.set("colour", JSON.stringify(look));
  return `#${facts}`;
}

// The view and the settings that an address holds; null where it holds none.
export function placeOf(hash) {
  const facts = new URLSearchParams(hash.slice(1));
  const [re, im, width] = ["re", "im", "width"].map((name) => facts.get(name) ?? "");
  if (!isNumber(re) || !isNumber(im) || !isPositive(width)) return null;
  const rotation = Number(facts.get("rotation") ?? 0) || 0;
  const steps = Number(facts.get("maxiter") ?? "");
  let look = {};
  try { look = JSON.parse(facts.get("colour") ?? "{}"); } catch { /* as if there were none */ }
  if (look === null || typeof look !== "object" || Array.isArray(look)) look = {};
  const maxiter = Number.isInteger(steps) && steps > 0 ? steps : "auto";
  return { view: { re, im, width, rotation }, settings: { maxiter, look } };
}
