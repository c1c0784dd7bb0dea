/** Pixels of one seat: below the smallest a finger misses, above the largest nothing is gained. */
const COMFORTABLE = 28;
const LARGEST = 64;
const STEP = 1.3;
const FIT_LARGEST = 40;

/** Pixels above the seats: the screen and the space around it. */
const SCREEN_PX = 84;

/** How large the hall is drawn: as much as fits, but at first never too small to touch; the rest is scrolling. */
export class Zoom {
  #viewport;
  #hall;
  #unit = COMFORTABLE;

  /**
   * @param {HTMLElement} viewport scrolls; its buttons `data-action` zoom-in, zoom-out and zoom-fit are beside it
   * @param {HTMLElement} hall has `--width` and `--height` in units
   */
  constructor(viewport, hall) {
    this.#viewport = viewport;
    this.#hall = hall;
  }

  /** All of the hall if it is comfortable to touch then. */
  begin() {
    const room = parseFloat(getComputedStyle(this.#viewport).maxHeight) - SCREEN_PX;
    const fitting = Math.min(this.#fitting(), room / this.#units("--height") || FIT_LARGEST);
    this.#draw(Math.max(COMFORTABLE, fitting));
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
    return Math.min(FIT_LARGEST, this.#viewport.clientWidth / this.#units("--width"));
  }

  /** @param {"--width" | "--height"} side */
  #units(side) {
    return Number(this.#hall.style.getPropertyValue(side)) || 1;
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
