// The picture: it follows the hand at once, and becomes sharp as the server sends what it lacks.

import { STILL, applied, inverse, isShift, isStill, limited, then, told } from "./motion.js";
import { records } from "./wire.js";

// Between two questions while the hand moves.
const PAUSE_MS = 70;
// Of one question; the server takes no more than a million.
const MOST_GROWTH = 2 ** 16;
const RING_PX = 14;
// The name of this page, for the server.
export const page = crypto.getRandomValues(new Uint32Array(2)).join("-");

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
    // Rings around places, in pixels of the view.
    this.marks = [];
    // The last view that the server took, to go back to.
    this.taken = null;
  }

  get state() { return this.canvas.dataset.state; }

  set state(state) {
    if (this.canvas.dataset.state === state) return;
    this.canvas.dataset.state = state;
    this.dispatchEvent(new Event("state"));
  }

  // Show another view; what is there stays until something comes, moved if it is known how.
  show(view, motion = null) {
    this.stop();
    if (motion !== null) this.rebase(then(this.motion, motion));
    const { re, im, width, rotation = 0 } = view;
    this.view = { re, im, width, rotation, columns: this.canvas.width, rows: this.canvas.height };
    this.motion = STILL;
    this.marks = [];
    this.draw();
    this.askSoon(0);
  }

  // What is under way is of another view or look.
  stop() {
    this.abort?.abort();
    this.shownStep = null;
    this.state = "busy";
  }

  resize(columns, rows) {
    if (columns === this.canvas.width && rows === this.canvas.height) return;
    const grown = columns / this.canvas.width;
    Object.assign(this.canvas, { width: columns, height: rows });
    this.stop();
    if (this.view !== null) {
      // The same width; pixels are of another size.
      const fitted = { a: grown, b: 0, x: 0, y: (rows - grown * this.backing.height) / 2 };
      this.rebase(fitted);
      this.motion = then(then(inverse(fitted), this.motion), fitted);
      this.marks = this.marks.map((mark) => moved(mark, fitted));
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
    this.stop();
    this.askSoon(0);
    this.dispatchEvent(new Event("settings"));
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
      context.setTransform(1, 0, 0, 1, 0, 0);
      for (const mark of this.marks) ring(context, moved(mark, this.motion));
    });
  }

  // Put a ring around a place of the view; without one, take it away.
  mark(place = null) {
    this.marks = place === null ? [] : [place];
    this.draw();
  }

  // Where of the exact view something is that is shown at a pixel.
  inView(x, y) { return applied(inverse(this.motion), x, y); }

  // What is shown, small, as a canvas.
  thumbnail(columns) {
    const small = document.createElement("canvas");
    small.width = columns;
    small.height = Math.max(1, Math.round(columns * this.canvas.height / this.canvas.width));
    const context = small.getContext("2d", { alpha: false });
    const scale = columns / this.canvas.width;
    const { a, b, x, y } = this.motion;
    context.imageSmoothingQuality = "high";
    context.setTransform(scale * a, scale * b, -scale * b, scale * a, scale * x, scale * y);
    context.drawImage(this.backing, 0, 0);
    return small;
  }

  // Whether what comes from the server is of what the hand last asked for.
  get isLatest() { return !this.timer && isStill(this.motion); }

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
      : limited(this.motion, MOST_GROWTH);
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
        if (abort.signal.aborted) return;
        if (facts.state) this.reached(facts.state);
        this.dispatchEvent(new CustomEvent("fact", { detail: facts }));
      }
    } catch (error) {
      if (abort.signal.aborted) return;
      this.dispatchEvent(new CustomEvent("trouble", { detail: error.message }));
      // A view that cannot be shown, as it was typed: back to the one before.
      const before = this.taken;
      this.taken = null;
      if (error.refused && before !== null) this.show(before);
    }
  }

  // The exact view after what was sent: the hand may have moved on since.
  arrived(view, sent) {
    this.rebase(sent);
    this.view = this.taken = view;
    this.motion = then(inverse(sent), this.motion);
    this.marks = this.marks.map((mark) => moved(mark, sent));
    this.shownStep = null;
    this.draw();
    this.dispatchEvent(new Event("view"));
    // What was too much at once is still to come.
    if (!isStill(this.motion)) this.askSoon(PAUSE_MS);
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
    if (this.state === "busy" && this.isLatest) this.state = "coarse";
    this.draw();
  }

  reached(state) {
    this.shownStep = state === "fine" ? 0.5 : 1;
    if (this.isLatest) this.state = "full";
    this.canvas.dataset.fine = state === "fine";
  }
}

function moved({ x, y, radius }, motion) {
  const [right, down] = applied(motion, x, y);
  return { x: right, y: down, radius: radius * Math.hypot(motion.a, motion.b) };
}

function ring(context, { x, y, radius }) {
  const size = Math.max(RING_PX, radius);
  if (size > 1e4) return;
  for (const [width, colour] of [[5, "rgb(0 0 0 / 0.55)"], [2, "#ffd27a"]]) {
    context.lineWidth = width;
    context.strokeStyle = colour;
    context.beginPath();
    context.arc(x, y, size, 0, 2 * Math.PI);
    context.stroke();
  }
}
