// The picture: it follows the hand at once, and becomes sharp as the server sends what it lacks.

import { STILL, inverse, isShift, then, told } from "./motion.js";
import { records } from "./wire.js";

// Between two questions while the hand moves.
const PAUSE_MS = 70;
const page = crypto.getRandomValues(new Uint32Array(2)).join("-");

export class Picture extends EventTarget {
  // Events: view (the exact view has changed), state, fact (maxiter, kernel), trouble.
  constructor(canvas) {
    super();
    this.canvas = canvas;
    this.context = canvas.getContext("2d", { alpha: false });
    this.backing = document.createElement("canvas");
    this.spare = document.createElement("canvas");
    // The exact view that the backing shows, and where the hand has moved it since.
    this.view = null;
    this.motion = STILL;
    // Settings of the picture: maxiter, and a config's section `colour`.
    this.settings = { maxiter: "auto", look: {} };
    // Step down to which all of the view is shown; null while it is not.
    this.shownStep = null;
    this.asked = 0;
  }

  get state() { return this.canvas.dataset.state; }

  set state(state) {
    if (this.canvas.dataset.state === state) return;
    this.canvas.dataset.state = state;
    this.dispatchEvent(new Event("state"));
  }

  // Show another view; what is there stays until something comes, moved if it is known how.
  show(view, motion = null) {
    if (motion !== null) this.rebase(then(this.motion, motion));
    this.view = { ...view, columns: this.canvas.width, rows: this.canvas.height };
    this.motion = STILL;
    this.shownStep = null;
    this.draw();
    this.askSoon(0);
  }

  resize(columns, rows) {
    if (columns === this.canvas.width && rows === this.canvas.height) return;
    const grown = columns / this.canvas.width;
    Object.assign(this.canvas, { width: columns, height: rows });
    this.shownStep = null;
    if (this.view !== null) {
      // The same width; pixels are of another size.
      this.rebase({ a: grown, b: 0, x: 0, y: (rows - grown * this.backing.height) / 2 });
      this.view = { ...this.view, columns, rows };
      this.askSoon(0);
    }
    this.draw();
  }

  move(motion) {
    if (this.view === null) return;
    this.motion = then(this.motion, motion);
    this.state = "busy";
    this.draw();
    this.askSoon(PAUSE_MS);
  }

  // Look at the same view again, by other settings.
  set(settings) {
    Object.assign(this.settings, settings);
    this.shownStep = null;
    this.askSoon(0);
  }

  draw() {
    if (this.drawing) return;
    this.drawing = requestAnimationFrame(() => {
      this.drawing = 0;
      const { context, motion: { a, b, x, y } } = this;
      context.setTransform(1, 0, 0, 1, 0, 0);
      context.fillStyle = "#101014";
      context.fillRect(0, 0, this.canvas.width, this.canvas.height);
      context.setTransform(a, b, -b, a, x, y);
      context.drawImage(this.backing, 0, 0);
    });
  }

  askSoon(pause) {
    if (this.timer) {
      if (pause > 0) return;
      clearTimeout(this.timer);
    }
    const wait = Math.max(0, Math.min(pause, this.asked + pause - performance.now()));
    this.timer = setTimeout(() => {
      this.timer = 0;
      this.ask();
    }, wait);
  }

  async ask() {
    this.abort?.abort();
    const abort = this.abort = new AbortController();
    this.asked = performance.now();
    const sent = isShift(this.motion)
      ? { ...this.motion, x: Math.round(this.motion.x), y: Math.round(this.motion.y) }
      : this.motion;
    const question = {
      page, view: this.view, move: told(sent), ...this.settings,
      shown_step: isShift(sent) ? this.shownStep : null,
    };
    this.state = "busy";
    try {
      for await (const [facts, data] of records("/api/picture", question, abort.signal)) {
        if (abort.signal.aborted) return;
        if (facts.view) this.arrived(facts.view, sent);
        if (facts.strip) await this.paint(facts.strip, data, abort.signal);
        if (facts.error) throw new Error(facts.error);
        if (facts.state) this.reached(facts.state);
        this.dispatchEvent(new CustomEvent("fact", { detail: facts }));
      }
    } catch (error) {
      if (abort.signal.aborted) return;
      this.dispatchEvent(new CustomEvent("trouble", { detail: error.message }));
    }
  }

  // The exact view after what was sent: the hand may have moved on since.
  arrived(view, sent) {
    this.rebase(sent);
    this.view = view;
    this.motion = then(inverse(sent), this.motion);
    this.shownStep = null;
    this.draw();
    this.dispatchEvent(new Event("view"));
  }

  // Draw the backing anew, moved.
  rebase({ a, b, x, y }) {
    const { backing, spare } = this;
    Object.assign(spare, { width: this.canvas.width, height: this.canvas.height });
    const context = spare.getContext("2d", { alpha: false });
    context.fillStyle = "#101014";
    context.fillRect(0, 0, spare.width, spare.height);
    context.setTransform(a, b, -b, a, x, y);
    context.drawImage(backing, 0, 0);
    [this.backing, this.spare] = [spare, backing];
  }

  async paint({ step, x, y, columns, rows }, data, signal) {
    const bitmap = await createImageBitmap(new Blob([data], { type: "image/jpeg" }));
    if (signal.aborted) return;
    const context = this.backing.getContext("2d", { alpha: false });
    context.imageSmoothingEnabled = true;
    context.drawImage(bitmap, x, y, columns, rows);
    bitmap.close();
    if (this.state === "busy") this.state = "coarse";
    this.draw();
  }

  reached(state) {
    this.shownStep = state === "fine" ? 0.5 : 1;
    this.state = "full";
    this.canvas.dataset.fine = state === "fine";
  }
}
