// Favourites: places with their looks, kept in this browser.

const KEY = "explorer-favourites";
const MOST = 60;
const COLUMNS = 168;

export class Favourites {
  constructor(app) {
    this.app = app;
    this.list = document.getElementById("favourites");
    document.getElementById("keep").addEventListener("click", () => this.keep());
    this.kept = this.load();
    this.tell();
  }

  load() {
    try {
      const kept = JSON.parse(localStorage.getItem(KEY) ?? "[]");
      return Array.isArray(kept) ? kept.slice(0, MOST) : [];
    } catch {
      return [];
    }
  }

  keep() {
    const { picture } = this.app;
    const { re, im, width, rotation } = picture.view;
    const image = this.app.thumbnail(COLUMNS).toDataURL("image/jpeg", 0.82);
    this.kept = [
      { view: { re, im, width, rotation }, settings: { ...picture.settings }, image }, ...this.kept,
    ].slice(0, MOST);
    this.store("Kept as a favourite.");
  }

  store(text) {
    try {
      localStorage.setItem(KEY, JSON.stringify(this.kept));
      this.app.say(text);
    } catch {
      this.app.say("The browser keeps no more; take some favourites away.");
    }
    this.tell();
  }

  tell() {
    document.getElementById("no-favourites").hidden = this.kept.length > 0;
    this.list.replaceChildren(...this.kept.map((favourite, index) => this.item(favourite, index)));
  }

  item(favourite, index) {
    const item = document.createElement("li");
    const pick = document.createElement("button");
    const image = document.createElement("img");
    const text = document.createElement("span");
    const drop = document.createElement("button");
    Object.assign(image, { alt: "", src: favourite.image });
    text.textContent = `width ${favourite.view.width}`;
    Object.assign(pick, { type: "button", className: "pick" });
    Object.assign(drop, { type: "button", className: "drop", textContent: "×", title: "Take it away" });
    drop.ariaLabel = `Take the favourite of width ${favourite.view.width} away`;
    pick.append(image, text);
    pick.addEventListener("click", () => this.app.history.show(favourite));
    drop.addEventListener("click", () => {
      this.kept = this.kept.filter((_, other) => other !== index);
      this.store("Taken away.");
    });
    item.append(pick, drop);
    return item;
  }
}
