// The page: the picture, the hands, and all panels around them.

import { Film } from "./film.js";
import { Hands } from "./hands.js";
import { Picture } from "./picture.js";

const WHOLE = { re: "-0.75", im: "0", width: "3.5", rotation: 0 };
const MOST_PIXELS = 1920 * 1080;

const canvas = document.getElementById("view");
const picture = new Picture(canvas);

function fit() {
  const box = canvas.getBoundingClientRect();
  const ratio = Math.min(window.devicePixelRatio, 2);
  const size = box.width * box.height * ratio * ratio;
  const scale = ratio * Math.min(1, Math.sqrt(MOST_PIXELS / size));
  picture.resize(Math.max(16, Math.round(box.width * scale)), Math.max(16, Math.round(box.height * scale)));
}

fit();
new ResizeObserver(fit).observe(canvas);
new Hands(picture);
picture.addEventListener("trouble", (event) => console.warn(event.detail));
picture.show(WHOLE);

function thumbnail(columns) {
  const small = document.createElement("canvas");
  Object.assign(small, { width: columns, height: Math.round(columns * canvas.height / canvas.width) });
  small.getContext("2d").drawImage(canvas, 0, 0, small.width, small.height);
  return small;
}

const app = { picture, thumbnail, say: (text) => console.info(text) };
// For scripts.
window.explorer = app;
new Film(document.getElementById("film"), app);
