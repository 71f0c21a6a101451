// The controls: playing, scrubbing, and zooming and turning by hand.

// Octaves of a wheel's notch, and of a second that an arrow key is held.
const NOTCH_OCTAVES = 0.25;
// After so long, what is left of a notch is less than half.
const NOTCH_MS = 60;
const KEY_OCTAVES_PER_S = 2;
const KEY_TURNS_PER_S = 0.1;
// Beyond the film's ends, in octaves: deeper, where the picture only grows, and less deep.
const DEEPER_OCTAVES = 1;
// Controls are hidden after so long without a touch while the film plays.
const IDLE_MS = 2500;
// More pixels than this nobody tells apart, and old phones do not draw in time.
const MOST_PIXELS = 4e6;

class Player {
  constructor(scene) {
    this.scene = scene;
    this.path = new Path(scene.legs);
    this.canvas = document.getElementById("screen");
    this.message = document.getElementById("message");
    this.screen = new Screen(this.canvas, scene, () => this.arrived());
    // What is shown: a moment of the film, and by hand a turn and octaves beyond its ends.
    this.seconds = 0;
    this.turn = 0;
    this.beyond = 0;
    // Octaves of the wheel's notches that are still to come.
    this.coming = 0;
    this.playing = false;
    this.backwards = false;
    this.keys = new Set();
    this.pointers = new Map();
    this.waiting = false;
    this.latest = 0;
    this.control();
    this.resize();
  }

  get view() {
    const view = this.path.at(this.seconds);
    return { ...view, log2Width: view.log2Width - this.beyond, turn: view.turn + this.turn };
  }

  // Ask for a picture at the screen's next refresh; a page at rest draws nothing.
  redraw() {
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame((now) => {
      this.waiting = false;
      this.refresh(now);
    });
  }

  // A picture has been decoded.
  arrived() {
    this.redraw();
    this.settling?.();
  }

  refresh(now) {
    // After a rest, time begins anew.
    const seconds = Math.min((now - this.latest) / 1000, 0.1);
    this.latest = now;
    const moving = this.move(seconds);
    if (this.playing) this.advance(seconds);
    this.draw();
    if (this.playing || moving) this.redraw();
  }

  draw() {
    const settled = this.screen.draw(this.view);
    if (this.message.textContent !== "" && settled) this.message.textContent = "";
    this.time.value = this.path.seconds > 0 ? this.seconds / this.path.seconds : 0;
    this.width.textContent = widthText(this.view.log2Width);
    return settled;
  }

  // Draw a moment of the film in a size of your own, once all it shows is decoded.
  async show(seconds, columns, rows) {
    this.pause();
    for (;;) {
      Object.assign(this, { seconds, turn: 0, beyond: 0, coming: 0 });
      Object.assign(this.canvas, { width: columns, height: rows });
      if (this.draw()) return;
      await new Promise((resolve) => { this.settling = resolve; });
    }
  }

  advance(seconds) {
    const end = this.path.seconds;
    this.seconds += this.backwards ? -seconds : seconds;
    if (this.seconds >= 0 && this.seconds <= end) return;
    this.seconds = Math.max(0, Math.min(end, this.seconds));
    if (this.scene.loops) this.backwards = !this.backwards;
    else this.pause();
  }

  play() {
    if (this.seconds >= this.path.seconds && !this.scene.loops) this.seconds = 0;
    this.beyond = 0;
    this.setPlaying(true);
    this.latest = performance.now();
    this.redraw();
    this.stir();
  }

  pause() {
    this.setPlaying(false);
    this.stir();
  }

  setPlaying(playing) {
    this.playing = playing;
    this.button.textContent = playing ? "⏸\ufe0e" : "▶\ufe0e";
    this.button.setAttribute("aria-label", playing ? "Pause" : "Play");
  }

  // Zoom in by some octaves, along the film, and beyond its ends a little.
  zoom(octaves) {
    this.pause();
    // Back to the film first.
    if (this.beyond * octaves < 0) {
      const back = Math.sign(octaves) * Math.min(Math.abs(octaves), Math.abs(this.beyond));
      this.beyond += back;
      octaves -= back;
    }
    if (octaves !== 0 && this.beyond === 0) {
      const { seconds, left } = this.path.along(this.seconds, octaves);
      this.seconds = seconds;
      octaves = left;
    }
    const outer = this.scene.outerOctaves / 2;
    this.beyond = Math.max(-outer, Math.min(DEEPER_OCTAVES, this.beyond + octaves));
    this.redraw();
  }

  rotate(radians) {
    this.turn += radians;
    this.redraw();
  }

  // Zoom by some octaves, not at once but in a moment.
  nudge(octaves) {
    if (this.coming === 0) this.latest = performance.now();
    this.coming += octaves;
    this.redraw();
  }

  // Do what keys that are held and a turned wheel do in some seconds; return whether there is any.
  move(seconds) {
    if (this.coming !== 0) {
      const enough = Math.abs(this.coming) < 1e-3;
      const octaves = enough ? this.coming : this.coming * (1 - 0.5 ** (seconds * 1000 / NOTCH_MS));
      this.coming -= octaves;
      this.zoom(octaves);
    }
    const held = (one, other) => Number(this.keys.has(one)) - Number(this.keys.has(other));
    const octaves = held("ArrowUp", "ArrowDown") * KEY_OCTAVES_PER_S * seconds;
    const turns = held("ArrowLeft", "ArrowRight") * KEY_TURNS_PER_S * seconds;
    if (octaves !== 0) this.zoom(octaves);
    if (turns !== 0) this.rotate(-2 * Math.PI * turns);
    return this.keys.size > 0 || this.coming !== 0;
  }

  resize() {
    const { clientWidth, clientHeight } = this.canvas;
    const most = Math.sqrt(MOST_PIXELS / Math.max(1, clientWidth * clientHeight));
    const scale = Math.min(devicePixelRatio, most);
    this.canvas.width = Math.max(1, Math.round(clientWidth * scale));
    this.canvas.height = Math.max(1, Math.round(clientHeight * scale));
    this.redraw();
  }

  // Show the controls, and hide them again when nobody needs them.
  stir() {
    this.controls.classList.remove("idle");
    clearTimeout(this.idle);
    this.idle = setTimeout(() => {
      if (this.playing) this.controls.classList.add("idle");
    }, IDLE_MS);
  }

  control() {
    const element = (id) => document.getElementById(id);
    [this.button, this.time, this.width, this.controls] =
      ["play", "time", "width", "controls"].map(element);
    this.button.addEventListener("click", () => (this.playing ? this.pause() : this.play()));
    this.time.addEventListener("input", () => {
      this.jump(this.time.valueAsNumber * this.path.seconds);
    });
    element("full").addEventListener("click", () => fullScreen());
    element("full").hidden = !document.fullscreenEnabled;
    new ResizeObserver(() => this.resize()).observe(this.canvas);
    document.addEventListener("pointermove", () => this.stir());
    this.controlByPointers();
    this.controlByKeys();
    this.canvas.addEventListener("webglcontextlost", (event) => event.preventDefault());
    this.canvas.addEventListener("webglcontextrestored", () => {
      this.screen = new Screen(this.canvas, this.scene, () => this.arrived());
      this.redraw();
    });
  }

  controlByPointers() {
    const { canvas, pointers } = this;
    canvas.addEventListener("wheel", (event) => {
      event.preventDefault();
      // Notches of a wheel come as pixels, lines or pages; a pinch on a touchpad as small steps.
      const pixels = event.deltaY * [1, 33, 400][event.deltaMode];
      const notches = Math.max(-2, Math.min(2, pixels / (event.ctrlKey ? 25 : 100)));
      this.nudge(-notches * NOTCH_OCTAVES);
    }, { passive: false });
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      pointers.set(event.pointerId, [event.clientX, event.clientY]);
      this.stir();
    });
    canvas.addEventListener("pointermove", (event) => {
      if (!pointers.has(event.pointerId)) return;
      const before = this.grip();
      pointers.set(event.pointerId, [event.clientX, event.clientY]);
      const after = this.grip();
      if (pointers.size >= 2 && before.px > 0 && after.px > 0) {
        this.zoom(Math.log2(after.px / before.px));
      }
      // In the middle itself a finger has no direction.
      if (before.px > 10 && after.px > 10) {
        const turned = after.angle - before.angle;
        this.rotate(Math.atan2(Math.sin(turned), Math.cos(turned)));
      }
    });
    for (const name of ["pointerup", "pointercancel"]) {
      canvas.addEventListener(name, (event) => pointers.delete(event.pointerId));
    }
    canvas.addEventListener("dblclick", () => {
      this.turn = 0;
      this.redraw();
    });
  }

  // Where the fingers are: two of them seen from each other, one from the middle. The angle grows
  // clockwise, as what is shown turns when the film's rotation grows.
  grip() {
    const points = [...this.pointers.values()];
    let [from, to] = points;
    if (points.length === 1) {
      const { clientWidth, clientHeight } = this.canvas;
      [from, to] = [[clientWidth / 2, clientHeight / 2], from];
    }
    const [across, down] = [to[0] - from[0], to[1] - from[1]];
    return { px: Math.hypot(across, down), angle: Math.atan2(down, across) };
  }

  controlByKeys() {
    const once = {
      " ": () => (this.playing ? this.pause() : this.play()),
      "Home": () => this.jump(0),
      "End": () => this.jump(this.path.seconds),
      "0": () => this.rotate(-this.turn),
      "f": () => fullScreen(),
      "+": () => this.nudge(NOTCH_OCTAVES),
      "-": () => this.nudge(-NOTCH_OCTAVES),
    };
    document.addEventListener("keydown", (event) => {
      if (event.altKey || event.ctrlKey || event.metaKey) return;
      const isControl = ["BUTTON", "INPUT"].includes(event.target.tagName);
      if (event.key.startsWith("Arrow") && event.target !== this.time) {
        if (this.keys.size === 0) this.latest = performance.now();
        this.keys.add(event.key);
        this.redraw();
      } else if (once[event.key] !== undefined && !isControl) {
        once[event.key]();
      } else {
        return;
      }
      event.preventDefault();
    });
    document.addEventListener("keyup", (event) => this.keys.delete(event.key));
    addEventListener("blur", () => this.keys.clear());
  }

  jump(seconds) {
    this.pause();
    Object.assign(this, { seconds, beyond: 0, coming: 0 });
    this.redraw();
  }
}

// A width with three digits, at any depth: 3.5, 0.012, 1.23e-400.
function widthText(log2Width) {
  const log10 = log2Width * Math.log10(2);
  if (log10 > -3 && log10 < 6) return `width ${Number((10 ** log10).toPrecision(3))}`;
  let exponent = Math.floor(log10);
  let digits = (10 ** (log10 - exponent)).toPrecision(3);
  if (digits === "10.0") [digits, exponent] = ["1.00", exponent + 1];
  return `width ${digits}e${exponent}`;
}

function fullScreen() {
  if (document.fullscreenElement !== null) document.exitFullscreen();
  else document.documentElement.requestFullscreen();
}

try {
  window.player = new Player(JSON.parse(document.getElementById("scene").textContent));
} catch (error) {
  document.getElementById("message").textContent = `${error.message}`;
  throw error;
}
