// The strip of keyframes: an item each, and small pictures.

import { words } from "./film-parts.js";
import { records } from "./wire.js";

export const THUMBNAIL_PX = 160;
const page = crypto.getRandomValues(new Uint32Array(2)).join("-");

// A keyframe's item: a button that shows it, and that is dragged to another place.
export function itemOf(film, keyframe, index) {
  const item = document.createElement("li");
  item.draggable = true;
  item.classList.toggle("selected", index === film.selected);
  const button = document.createElement("button");
  button.type = "button";
  button.ariaPressed = String(index === film.selected);
  const image = document.createElement(keyframe.picture ? "img" : "span");
  image.className = "thumbnail";
  if (keyframe.picture) Object.assign(image, { src: keyframe.picture, alt: "" });
  const caption = document.createElement("span");
  caption.textContent = words(keyframe, index, film.facts);
  button.ariaLabel = `Keyframe ${index + 1}: ${caption.textContent}`;
  button.append(image, caption);
  button.addEventListener("click", () => {
    film.select(index);
    film.goTo(index);
  });
  item.append(button);
  item.addEventListener("dragstart", (event) => event.dataTransfer.setData("text/x-keyframe", String(index)));
  item.addEventListener("dragover", (event) => {
    if (event.dataTransfer.types.includes("text/x-keyframe")) event.preventDefault();
  });
  item.addEventListener("drop", (event) => {
    event.preventDefault();
    film.shift(Number(event.dataTransfer.getData("text/x-keyframe")), index);
  });
  return item;
}

// Draw a view, small, with the settings of a picture; returns a data URL.
export async function drawnSmall(view, { settings }) {
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width: THUMBNAIL_PX, height: Math.round(THUMBNAIL_PX * 9 / 16) });
  const context = canvas.getContext("2d");
  const small = { ...view, columns: canvas.width, rows: canvas.height };
  const question = { page: `thumbnail ${page}`, view: small, ...settings };
  for await (const [facts, data] of records("/api/picture", question)) {
    if (facts.error) break;
    if (!facts.strip) continue;
    const { x, y, columns, rows } = facts.strip;
    const bitmap = await createImageBitmap(new Blob([data], { type: "image/jpeg" }));
    context.drawImage(bitmap, x, y, columns, rows);
  }
  return canvas.toDataURL("image/jpeg", 0.85);
}
