// Looking through a film: the slider, playing it from there, and its player.

import { ask, records } from "./wire.js";

// While the film is looked through, the next moment waits so long for the picture of this one.
const SHOWN_WITHIN_MS = 500;

// Wait until the picture has something new to show, but not long.
async function settled(picture) {
  const begun = performance.now();
  do {
    await new Promise((resolve) => requestAnimationFrame(resolve));
  } while (picture.state === "busy" && performance.now() - begun < SHOWN_WITHIN_MS);
}

export class Look {
  constructor(film) {
    this.film = film;
    this.wanted = 0;
    film.part("scrub").addEventListener("input", () => this.scrub());
    film.part("play").addEventListener("click", () => this.play());
    film.part("look-through").addEventListener("click", () => this.through());
    film.part("player").addEventListener("close", () => this.show("about:blank"));
  }

  // Have the film drawn as coarse rings, from which its player shows any moment at once.
  async through() {
    const { film } = this;
    if (!film.keyframes.length) return;
    this.making?.abort();
    const { signal } = this.making = new AbortController();
    film.app.say("drawing the film small: some seconds, longer where it is deep", true);
    try {
      for await (const [facts] of records("/api/film/play", { film: film.asked() }, signal)) {
        if (facts.error) throw new Error(facts.error);
        if (!facts.player) continue;
        film.app.say("");
        this.show(`/api/player/${facts.player}`);
        film.part("player").showModal();
      }
    } catch (error) {
      film.tell(error);
    }
  }

  show(address) { this.film.part("player").querySelector("iframe").src = address; }

  // Show the film at the slider's time; while an answer is under way, only the latest waits.
  async scrub() {
    const slider = this.film.part("scrub");
    slider.ariaValueText = `${Number(slider.value).toFixed(1)} seconds`;
    this.film.part("moment").textContent = `${Number(slider.value).toFixed(1)} s`;
    this.wanted += 1;
    if (this.scrubbing || !this.film.keyframes.length) return;
    this.scrubbing = true;
    try {
      for (let seen = -1; seen !== this.wanted;) {
        seen = this.wanted;
        const { picture } = this.film.app;
        const question = { film: this.film.asked(), seconds: Number(slider.value), shown: picture.view };
        const { view, motion } = await ask("/api/film/at", question);
        // What is there moves at once; what it lacks follows.
        picture.show(view, motion);
        await settled(picture);
      }
    } catch (error) {
      this.film.tell(error);
    } finally {
      this.scrubbing = false;
    }
  }

  // Play the film from the slider's time, or stop.
  play() {
    const [button, slider] = [this.film.part("play"), this.film.part("scrub")];
    const isPlaying = button.ariaPressed !== "true";
    button.ariaPressed = String(isPlaying);
    if (!isPlaying) return;
    if (Number(slider.value) >= Number(slider.max)) slider.value = "0";
    let before = performance.now();
    const step = (now) => {
      if (button.ariaPressed !== "true") return;
      slider.value = String(Number(slider.value) + (now - before) / 1000);
      before = now;
      this.scrub();
      if (Number(slider.value) < Number(slider.max)) requestAnimationFrame(step);
      else button.ariaPressed = "false";
    };
    requestAnimationFrame(step);
  }
}
