// The film's file: opened, saved, and begun anew.

import { drawSpeed } from "./film-speed.js";
import { drawnSmall } from "./film-strip.js";
import { ask } from "./wire.js";

const SIZES = ["width", "height", "fps"];

export class FilmFile {
  constructor(film) { this.film = film; }

  // List the configs to open; returns the one that the server was started with.
  async list() {
    const answer = await fetch("/api/configs");
    const { configs, start } = await answer.json();
    const names = start && !configs.includes(start) ? [start, ...configs] : configs;
    this.film.part("open").replaceChildren(
      new Option("Open…", ""), ...names.map((name) => new Option(name, name)));
    return { start };
  }

  async chosen() {
    const list = this.film.part("open");
    const name = list.value;
    list.value = "";
    if (name) await this.open(name);
  }

  // Open a config; the picture goes to its first keyframe, in its colours.
  async open(name, moves = true) {
    const { film } = this;
    const opened = await ask("/api/film/open", { name });
    film.unfold();
    this.take(opened, []);
    film.select(0);
    if (moves) {
      const maxiter = opened.maxiter === "auto" ? "auto" : Number(opened.maxiter);
      film.app.picture.set({ maxiter, look: opened.colour });
      film.goTo(0);
    }
    film.changed();
    await this.drawPictures();
  }

  take({ name, text, video, keyframes }, pictures) {
    const { film } = this;
    Object.assign(film, { text, video });
    film.keyframes = keyframes.map((keyframe, index) => (
      { ...keyframe, picture: pictures[index] ?? null }));
    film.part("name").value = name;
    for (const key of SIZES) film.part(`video-${key}`).value = video[key] ?? "";
  }

  // Draw the keyframes of an opened film, small, when the picture itself is done.
  async drawPictures() {
    const { film } = this;
    const { picture } = film.app;
    for (const keyframe of [...film.keyframes]) {
      while (picture.state !== "full") {
        await new Promise((resolve) => picture.addEventListener("state", resolve, { once: true }));
      }
      if (!film.keyframes.includes(keyframe) || keyframe.picture) continue;
      keyframe.picture = await drawnSmall(keyframe.view, picture);
      film.drawStrip();
    }
  }

  // Save it; returns whether it is saved.
  async save() {
    const { film } = this;
    let over = false;
    for (;;) {
      const saved = await ask("/api/film/save", { film: film.asked(), over });
      if (!saved.exists) {
        this.take(saved, film.keyframes.map(({ picture }) => picture));
        film.drawStrip();
        film.app.say(`saved as ${saved.path}`);
        await this.list();
        return true;
      }
      over = await this.sure(`${saved.error}. Replace it?`);
      if (!over) return false;
    }
  }

  // Ask the person; a page that is not in front has no other way than its own dialog.
  sure(text) {
    const dialog = this.film.part("sure");
    dialog.querySelector("p").textContent = text;
    dialog.returnValue = "";
    dialog.showModal();
    return new Promise((resolve) => {
      dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
    });
  }

  clear() {
    const { film } = this;
    Object.assign(film, { text: "", video: {}, keyframes: [], selected: -1, facts: null });
    film.part("name").value = "";
    for (const key of SIZES) film.part(`video-${key}`).value = "";
    for (const id of ["length", "yaml", "moment"]) film.part(id).textContent = "";
    drawSpeed(film.part("speed"), { speeds: [], seconds: 0 });
    film.drawStrip();
    film.changed();
  }
}
