// What is under the cursor, and what can be found in the view.

import { page } from "./picture.js";
import { few } from "./numbers.js";
import { ask, askPicture } from "./wire.js";

const PAUSE_MS = 120;

export class Examine {
  constructor(app) {
    const { picture } = this.app = app;
    this.element = (id) => document.getElementById(id);
    // Where the cursor is, in pixels of the canvas; null for the middle.
    this.at = null;
    this.maxiter = 1000;
    this.found = null;
    const { canvas } = picture;
    canvas.addEventListener("pointermove", (event) => {
      if (event.buttons === 0) this.point(event);
    });
    canvas.addEventListener("click", (event) => this.point(event));
    canvas.addEventListener("pointerleave", (event) => {
      if (event.pointerType === "mouse") this.point(null);
    });
    picture.addEventListener("view", () => this.soon());
    picture.addEventListener("settings", () => this.soon());
    picture.addEventListener("fact", ({ detail }) => {
      if (!detail.maxiter || detail.maxiter === this.maxiter) return;
      this.maxiter = detail.maxiter;
      this.soon();
    });
    for (const kind of ["nucleus", "spiral"]) {
      this.element(`find-${kind}`).addEventListener("click", () => this.find(kind));
    }
    this.element("go").addEventListener("click", () => this.go());
    this.element("frame").addEventListener("click", () => this.frame());
  }

  point(event) {
    this.at = event === null ? null : this.app.at(event);
    this.element("point-title").textContent =
      event === null ? "The point in the middle" : "The point under the cursor";
    this.soon();
  }

  soon() {
    if (this.timer || !this.app.shows("place")) return;
    this.timer = setTimeout(() => {
      this.timer = 0;
      this.examine();
    }, PAUSE_MS);
  }

  // One question at a time: while it is under way the cursor may go on.
  async examine() {
    if (this.asking) {
      this.again = true;
      return;
    }
    this.asking = true;
    const { picture } = this.app;
    const { view, canvas, settings: { look } } = picture;
    const [x, y] = picture.inView(...(this.at ?? [canvas.width / 2, canvas.height / 2]));
    try {
      const [facts, image] = await Promise.all([
        ask("/api/point", { page, view, x, y, maxiter: this.maxiter }),
        askPicture("/api/julia", { page, view, x, y, look }),
      ]);
      this.tell(facts);
      this.show(image);
    } catch { /* A later question took its place, or the picture tells of it. */ }
    this.asking = false;
    if (this.again) {
      this.again = false;
      this.soon();
    }
  }

  tell({ count, steps, distance, distance_px: pixels, period }) {
    const away = distance === null ? "–"
      : pixels === null || pixels > 1e5 ? distance : `${distance} or ${few(pixels)} pixels`;
    const inside = period === null ? `more than ${steps.toLocaleString("en")}` : "inside: no end";
    this.element("point-count").textContent = count === null ? inside : count.toLocaleString("en");
    this.element("point-distance").textContent = away;
    this.element("point-period").textContent = period ?? "–";
  }

  show(image) {
    const julia = this.element("julia");
    URL.revokeObjectURL(julia.src);
    julia.src = URL.createObjectURL(image);
    julia.hidden = false;
  }

  async find(kind) {
    const { app } = this;
    const { picture } = app;
    this.search?.abort();
    const search = this.search = new AbortController();
    const asked = picture.view;
    app.say(kind === "nucleus" ? "Looking for the nucleus…" : "Looking for a spiral…", true);
    try {
      const found = await ask("/api/place", { page, view: asked, kind }, search.signal);
      if (search.signal.aborted) return;
      this.found = found;
      this.element("found").hidden = false;
      this.element("found-kind").textContent = found.kind;
      const text = found.preperiod === undefined
        ? `period ${found.period}` : `period ${found.preperiod} + ${found.period}`;
      this.element("period").value = text;
      // The view may have moved on meanwhile: then the ring would be in the wrong place.
      if (picture.view === asked) picture.mark(found);
      app.say(`Found a ${found.kind}, ${text}.`);
    } catch (error) {
      if (!search.signal.aborted) app.say(error.message);
    }
  }

  go() {
    if (this.found === null) return;
    const { view } = this.app.picture;
    this.showPlace(view.width);
  }

  frame() {
    if (this.found === null) return;
    this.showPlace(this.found.width);
  }

  showPlace(width) {
    const { picture } = this.app;
    picture.show({ ...picture.view, re: this.found.re, im: this.found.im, width });
  }
}
