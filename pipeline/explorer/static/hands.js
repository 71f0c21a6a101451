// Hands on the picture: wheel, drag, pinch, double click and keys.

import { about, shift } from "./motion.js";

const NOTCH = 2 ** 0.25;
const DOUBLE = 2;

export class Hands {
  constructor(picture) {
    this.picture = picture;
    this.pointers = new Map();
    const { canvas } = picture;
    canvas.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    canvas.addEventListener("pointerdown", (event) => this.down(event));
    canvas.addEventListener("pointermove", (event) => this.drag(event));
    for (const name of ["pointerup", "pointercancel"]) {
      canvas.addEventListener(name, (event) => this.pointers.delete(event.pointerId));
    }
    canvas.addEventListener("dblclick", (event) => {
      const [x, y] = this.at(event);
      this.picture.move(about(x, y, event.shiftKey ? 1 / DOUBLE : DOUBLE));
    });
    canvas.addEventListener("keydown", (event) => this.key(event));
  }

  // Where an event is, in the picture's own pixels.
  at(event) {
    const { canvas } = this.picture;
    const box = canvas.getBoundingClientRect();
    const scale = canvas.width / box.width;
    return [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale];
  }

  wheel(event) {
    event.preventDefault();
    // Notches of a wheel come as pixels, lines or pages; a pinch on a touchpad as small steps.
    const pixels = event.deltaY * [1, 33, 400][event.deltaMode];
    const notches = Math.max(-3, Math.min(3, pixels / (event.ctrlKey ? 25 : 100)));
    const [x, y] = this.at(event);
    this.picture.move(about(x, y, NOTCH ** -notches));
  }

  down(event) {
    if (event.button > 0) return;
    this.picture.canvas.setPointerCapture(event.pointerId);
    this.pointers.set(event.pointerId, this.at(event));
  }

  drag(event) {
    const before = this.pointers.get(event.pointerId);
    if (before === undefined) return;
    const after = this.at(event);
    const other = [...this.pointers].find(([id]) => id !== event.pointerId)?.[1];
    this.pointers.set(event.pointerId, after);
    if (other === undefined) {
      if (event.shiftKey) this.turn(before, after);
      else this.picture.move(shift(Math.round(after[0]) - Math.round(before[0]),
        Math.round(after[1]) - Math.round(before[1])));
      return;
    }
    // The other finger stays where it is on what it touches.
    const from = [before[0] - other[0], before[1] - other[1]];
    const to = [after[0] - other[0], after[1] - other[1]];
    const factor = Math.hypot(...to) / Math.max(Math.hypot(...from), 1);
    const angle = Math.atan2(to[1], to[0]) - Math.atan2(from[1], from[0]);
    this.picture.move(about(...other, Math.max(factor, 0.01), angle));
  }

  turn(before, after) {
    const [x, y] = [this.picture.canvas.width / 2, this.picture.canvas.height / 2];
    const angle = Math.atan2(after[1] - y, after[0] - x) - Math.atan2(before[1] - y, before[0] - x);
    this.picture.move(about(x, y, 1, angle));
  }

  key(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const { canvas } = this.picture;
    const [x, y] = [canvas.width / 2, canvas.height / 2];
    const far = Math.round(canvas.height / 8);
    const moves = {
      "+": about(x, y, NOTCH), "=": about(x, y, NOTCH), "-": about(x, y, 1 / NOTCH),
      PageDown: about(x, y, DOUBLE), PageUp: about(x, y, 1 / DOUBLE),
      ArrowLeft: shift(far, 0), ArrowRight: shift(-far, 0),
      ArrowUp: shift(0, far), ArrowDown: shift(0, -far),
      "[": about(x, y, 1, -Math.PI / 36), "]": about(x, y, 1, Math.PI / 36),
    };
    const move = moves[event.key];
    if (move === undefined) return;
    event.preventDefault();
    this.picture.move(move);
  }
}
