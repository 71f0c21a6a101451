// The renders of the page: how far they are, a picture of each, and the finished videos.

import { ask } from "./wire.js";

const EVERY_MS = 1000;
const ACTIVE = ["waiting", "running", "stopping"];
const PLAYED = [".mp4", ".mov"];
const ANIMATED = [".webp", ".gif"];

export class Jobs {
  constructor(list, app) {
    this.list = list;
    this.app = app;
    this.items = new Map();
    this.look();
  }

  // Ask how they stand; again in a second while there is something to do.
  async look() {
    clearTimeout(this.timer);
    try {
      const answer = await fetch("/api/jobs");
      this.show((await answer.json()).jobs);
    } catch {
      // The server has ended, or begins again.
      this.timer = setTimeout(() => this.look(), 5 * EVERY_MS);
    }
  }

  show(jobs) {
    for (const [number, item] of this.items) {
      if (jobs.some((job) => job.number === number)) continue;
      item.remove();
      this.items.delete(number);
    }
    for (const job of jobs) {
      if (!this.items.has(job.number)) {
        const item = this.made(job);
        this.items.set(job.number, item);
        this.list.prepend(item);
      }
      this.fill(this.items.get(job.number), job);
    }
    clearTimeout(this.timer);
    if (jobs.some(({ state }) => ACTIVE.includes(state))) {
      this.timer = setTimeout(() => this.look(), EVERY_MS);
    }
  }

  made({ number, name }) {
    const item = document.createElement("li");
    item.className = "job";
    const [title, progress, text, stop, again] = ["b", "progress", "span", "button", "button"]
      .map((kind) => document.createElement(kind));
    title.textContent = name;
    progress.max = 1;
    progress.ariaLabel = `Progress of ${name}`;
    text.className = "job-text";
    Object.assign(stop, { type: "button", textContent: "Stop", className: "job-stop" });
    Object.assign(again, { type: "button", textContent: "Go on", className: "job-again" });
    const told = (act) => () => act().catch((error) => this.app.say(error.message));
    stop.addEventListener("click", told(async () => this.show((await ask("/api/jobs/stop", { number })).jobs)));
    again.addEventListener("click", told(async () => {
      await ask("/api/film/render", { name });
      await this.look();
    }));
    const head = document.createElement("div");
    head.className = "job-head";
    head.append(title, progress, text, stop, again);
    item.append(head);
    return item;
  }

  fill(item, job) {
    const { state, fraction = 0, frames, encoded, left_s: left, doing, lines } = job;
    item.dataset.state = state;
    const progress = item.querySelector("progress");
    progress.value = state === "finished" ? 1 : fraction;
    progress.hidden = state === "finished";
    const parts = [state === "running" && doing ? doing : state];
    if (frames && state !== "finished") parts.push(`${encoded} of ${frames} frames`);
    if (state === "running" && left) {
      parts.push(left < 90 ? `${Math.ceil(left)} s to go` : `${Math.ceil(left / 60)} min to go`);
    }
    if (state === "failed") parts.push(lines.join("\n"));
    item.querySelector(".job-text").textContent = parts.join(", ");
    item.querySelector(".job-stop").hidden = !["waiting", "running"].includes(state);
    item.querySelector(".job-again").hidden = !["stopped", "failed"].includes(state);
    if (job.picture) this.picture(item, job.picture);
    if (state === "finished" && !item.querySelector(".job-video")) this.video(item, job);
  }

  picture(item, address) {
    const image = item.querySelector("img") ?? item.appendChild(document.createElement("img"));
    Object.assign(image, { src: address, alt: "The latest frame" });
  }

  video(item, { name, number, ending }) {
    item.querySelector("img")?.remove();
    const address = `/api/video/${encodeURIComponent(name)}?${number}`;
    const kind = PLAYED.includes(ending) ? "video" : ANIMATED.includes(ending) ? "img" : "a";
    const shown = document.createElement(kind);
    shown.className = "job-video";
    if (kind === "video") Object.assign(shown, { src: address, controls: true, playsInline: true, preload: "metadata" });
    else if (kind === "img") Object.assign(shown, { src: address, alt: name });
    else if (ending.startsWith(".")) Object.assign(shown, { href: address, download: name + ending, textContent: name + ending });
    else shown.textContent = `the folder output/${name}${ending}`;
    item.append(shown);
  }
}
