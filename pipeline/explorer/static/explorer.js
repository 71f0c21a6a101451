// The page: the picture, the hands, and all panels around them.

import { Examine } from "./examine.js";
import { Favourites } from "./favourites.js";
import { Hands } from "./hands.js";
import { History, placeOf } from "./history.js";
import { Look } from "./look.js";
import { Panel } from "./panel.js";
import { Picture } from "./picture.js";
import { Place } from "./place.js";
import { Film } from "./film.js";

const MOST_PIXELS = 1920 * 1080;
const SAID_MS = 4500;
const start = JSON.parse(document.getElementById("start").textContent);
const element = (id) => document.getElementById(id);

const canvas = element("view");
const picture = new Picture(canvas);

function fit() {
  const box = canvas.getBoundingClientRect();
  const ratio = Math.min(window.devicePixelRatio, 2);
  const size = box.width * box.height * ratio * ratio;
  const scale = ratio * Math.min(1, Math.sqrt(MOST_PIXELS / size));
  picture.resize(Math.max(16, Math.round(box.width * scale)), Math.max(16, Math.round(box.height * scale)));
}

// The whole set, with some room around it, beside the panel.
function whole() {
  const { clientWidth, clientHeight } = document.documentElement;
  const covered = panel.columns;
  const free = clientWidth - covered;
  const width = Math.max(3.2 * clientWidth / free, 2.7 * clientWidth / clientHeight);
  const re = -0.75 + width * covered / clientWidth / 2;
  return { re: re.toFixed(2), im: "0", width: width.toPrecision(3), rotation: 0 };
}

let saying;
const app = {
  picture,
  maxiter: null,
  // Tell the person something, for a while or until something else is said.
  say(text, stays = false) {
    element("status").textContent = text;
    clearTimeout(saying);
    if (!stays) saying = setTimeout(() => { element("status").textContent = ""; }, SAID_MS);
  },
  thumbnail: (columns) => picture.thumbnail(columns),
  shows: (name) => panel.shows(name),
};

fit();
new ResizeObserver(fit).observe(canvas);
const hands = new Hands(picture);
app.at = (event) => hands.at(event);
const panel = new Panel();
app.panel = panel;
app.history = new History(picture);
new Place(app);
const examine = new Examine(app);
const look = new Look(app, start);
new Favourites(app);

picture.addEventListener("trouble", ({ detail }) => app.say(detail));
picture.addEventListener("fact", ({ detail }) => {
  if (detail.maxiter) app.maxiter = detail.maxiter;
  if (detail.state === "fine") look.drawSheet();
});
panel.addEventListener("change", () => {
  examine.soon();
  look.drawSheet();
});
app.history.addEventListener("change", () => {
  element("undo").disabled = !app.history.canUndo;
  element("redo").disabled = !app.history.canRedo;
});
element("undo").addEventListener("click", () => app.history.undo());
element("redo").addEventListener("click", () => app.history.redo());
element("home").addEventListener("click", () => picture.show(whole()));
element("help").addEventListener("click", () => element("keys").showModal());

const KEYS = {
  Home: () => picture.show(whole()), n: () => examine.find("nucleus"), s: () => examine.find("spiral"),
  f: () => examine.frame(), p: () => panel.toggle(), "?": () => element("keys").showModal(),
};
document.addEventListener("keydown", (event) => {
  if (event.target.matches("input, select, textarea, dialog *") || event.altKey) return;
  const control = event.ctrlKey || event.metaKey;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  let act = control ? undefined : KEYS[key];
  if (control && key === "z") act = () => (event.shiftKey ? app.history.redo() : app.history.undo());
  if (control && key === "y") act = () => app.history.redo();
  if (act === undefined) return;
  event.preventDefault();
  act();
});

new Film(element("film"), app);

const begin = placeOf(location.hash) ?? {
  view: start.view ?? whole(), settings: { maxiter: start.maxiter, look: start.look },
};
app.history.show(begin);
canvas.focus({ preventScroll: true });

// For scripts.
window.explorer = app;
