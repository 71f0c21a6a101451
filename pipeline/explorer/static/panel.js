// The panel: its tabs, whether it is folded, and the keys that work wherever one is.

const PHONE = window.matchMedia("(max-width: 640px)");

export class Panel extends EventTarget {
  // Events: change (another tab is shown, or none).
  constructor() {
    super();
    this.panel = document.getElementById("panel");
    this.fold = document.getElementById("fold");
    this.tabs = [...document.querySelectorAll("#panel [role=tab]")];
    for (const [index, tab] of this.tabs.entries()) {
      tab.addEventListener("click", () => this.choose(tab));
      tab.addEventListener("keydown", (event) => {
        const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
        if (step === undefined) return;
        const next = this.tabs[(index + step + this.tabs.length) % this.tabs.length];
        this.choose(next);
        next.focus();
      });
    }
    this.fold.addEventListener("click", () => this.set(this.isFolded));
    this.set(!PHONE.matches);
  }

  get isPhone() { return PHONE.matches; }

  get isFolded() { return this.panel.classList.contains("folded"); }

  set(open) {
    this.panel.classList.toggle("folded", !open);
    this.fold.ariaExpanded = open;
    this.dispatchEvent(new Event("change"));
  }

  // How much of the page's width it covers, in CSS pixels.
  get columns() {
    return this.isFolded || PHONE.matches ? 0 : innerWidth - this.panel.getBoundingClientRect().left;
  }

  toggle() { this.set(this.isFolded); }

  choose(chosen) {
    for (const tab of this.tabs) {
      const isChosen = tab === chosen;
      tab.ariaSelected = isChosen;
      tab.tabIndex = isChosen ? 0 : -1;
      document.getElementById(tab.getAttribute("aria-controls")).hidden = !isChosen;
    }
    this.dispatchEvent(new Event("change"));
  }

  shows(name) {
    return !this.isFolded && !document.getElementById(name).hidden;
  }
}
