/** Pixels of one seat: at first never below what a finger hits, and more where there is room. */
const TOUCHABLE = 24;
const COMFORTABLE = 28;
const FIT_LARGEST = 40;
const LARGEST = 64;
const STEP = 1.3;

/** Below this many pixels a seat has no room for its number. */
const FAR = 20;

/** Pixels above the screen when the hall is too large to be seen whole. */
const ABOVE = 8;

/** How large the hall is drawn: whole if its seats can be touched then, else in part; the rest is scrolling. */
export class Zoom {
  #viewport;
  #hall;
  #whole;
  #unit = COMFORTABLE;

  /**
   * @param {HTMLElement} viewport scrolls; its buttons `data-action` zoom-in, zoom-out and zoom-fit are beside it
   * @param {HTMLElement} hall has `--width` and `--height` in units
   * @param {{whole: boolean}} options `whole`: nobody is there to scroll or touch, so that all of it is always in view
   */
  constructor(viewport, hall, { whole }) {
    this.#viewport = viewport;
    this.#hall = hall;
    this.#whole = whole;
    if (whole) new ResizeObserver(() => this.begin()).observe(viewport);
  }

  /** The whole width if it may be touched then, and the whole height too if that is comfortable. */
  begin() {
    const view = this.#viewport;
    const wide = this.#fitting();
    if (this.#whole) return this.#draw(Math.min(wide, view.clientHeight / this.#units("--height")));
    const room = parseFloat(getComputedStyle(view).maxHeight) - (view.offsetHeight - view.clientHeight);
    const high = room / this.#units("--height") || FIT_LARGEST;
    this.#draw(wide < TOUCHABLE ? COMFORTABLE : Math.min(wide, Math.max(COMFORTABLE, high)));
  }

  /** Shows the screen and what is before it. @param {HTMLElement} screen */
  centre(screen) {
    const view = this.#viewport.getBoundingClientRect();
    const { left, width, top } = screen.getBoundingClientRect();
    this.#viewport.scrollBy(left + width / 2 - view.left - view.width / 2, top - view.top - ABOVE);
  }

  /** The whole width in view. */
  fit() {
    this.#draw(this.#fitting());
  }

  in() {
    this.#draw(Math.min(LARGEST, this.#unit * STEP));
  }

  out() {
    this.#draw(Math.max(Math.min(this.#fitting(), COMFORTABLE), this.#unit / STEP));
  }

  #fitting() {
    return Math.min(this.#whole ? LARGEST : FIT_LARGEST, this.#viewport.clientWidth / this.#units("--width"));
  }

  /** @param {"--width" | "--height"} side */
  #units(side) {
    return Number(this.#hall.style.getPropertyValue(side)) || 1;
  }

  /** Keeps the middle of what is seen in the middle. @param {number} unit */
  #draw(unit) {
    const view = this.#viewport;
    const scale = unit / this.#unit;
    this.#unit = unit;
    const left = (view.scrollLeft + view.clientWidth / 2) * scale - view.clientWidth / 2;
    const top = (view.scrollTop + view.clientHeight / 2) * scale - view.clientHeight / 2;
    this.#hall.style.setProperty("--unit", `${unit}px`);
    this.#hall.classList.toggle("is-far", unit < FAR);
    view.scrollTo(left, top);
  }
}
