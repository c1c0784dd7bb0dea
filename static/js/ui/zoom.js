/** Pixels of one seat: below the smallest a finger misses, above the largest nothing is gained. */
const COMFORTABLE = 28;
const LARGEST = 64;
const STEP = 1.3;
const FIT_LARGEST = 40;

/** How large the hall is drawn: as much as fits, but at first never too small to touch; the rest is scrolling. */
export class Zoom {
  #viewport;
  #hall;
  #unit = COMFORTABLE;

  /**
   * @param {HTMLElement} viewport scrolls; its buttons `data-action` zoom-in, zoom-out and zoom-fit are beside it
   * @param {HTMLElement} hall has `--width` in units
   */
  constructor(viewport, hall) {
    this.#viewport = viewport;
    this.#hall = hall;
  }

  /** Comfortable to touch. */
  begin() {
    this.#draw(Math.max(COMFORTABLE, this.#fitting()));
  }

  /** Shows the middle of the front. */
  centre() {
    this.#viewport.scrollLeft = (this.#viewport.scrollWidth - this.#viewport.clientWidth) / 2;
    this.#viewport.scrollTop = 0;
  }

  /** The whole width in view. */
  fit() {
    this.#draw(this.#fitting());
  }

  in() {
    this.#draw(this.#unit * STEP);
  }

  out() {
    this.#draw(this.#unit / STEP);
  }

  #fitting() {
    const units = Number(this.#hall.style.getPropertyValue("--width")) || 1;
    return Math.min(FIT_LARGEST, this.#viewport.clientWidth / units);
  }

  /** Keeps the middle of what is seen in the middle. @param {number} unit */
  #draw(unit) {
    const view = this.#viewport;
    const before = this.#unit;
    this.#unit = Math.min(LARGEST, Math.max(Math.min(this.#fitting(), COMFORTABLE), unit));
    const scale = this.#unit / before;
    const left = (view.scrollLeft + view.clientWidth / 2) * scale - view.clientWidth / 2;
    const top = (view.scrollTop + view.clientHeight / 2) * scale - view.clientHeight / 2;
    this.#hall.style.setProperty("--unit", `${this.#unit}px`);
    this.#hall.classList.toggle("is-far", this.#unit < 20);
    view.scrollTo(left, top);
  }
}
