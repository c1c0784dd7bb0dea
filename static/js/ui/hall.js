/** @import { Layout, Seat } from "../core/types.js" */

import { Neighbours, screenOf } from "../core/geometry.js";
import * as text from "../core/text.js";
import { element } from "./dom.js";
import { seatClasses } from "./look.js";

/**
 * How a seat is to look: its letter, whether it is one's own, and whether a question about it is open.
 * @typedef {{status: string, mine: boolean, pending: boolean, label: string}} SeatView
 */

/** Units from the outermost seats to the edge, with room for the names of the rows; and what is above the screen. */
const SIDE = 1.5;
const EDGE = 0.9;

/** Height of the screen with its name, in units. */
const SCREEN = 2.2;

/** A seat's number is 0.36 units high; its box takes 0.86 units of its place (css/seatmap.css has both in em). */
const EM_PER_UNIT = 1 / 0.36;
const BOX = 0.86;

/** Seats that are turned by less than this (radians) are drawn upright, which is sharper. */
const LEVEL = 0.01;

/**
 * The hall: every seat once, where the layout says; afterwards only what `paint` is told changes.
 *
 * It is a grid of which one seat is in the tab order; arrow keys, Home and End move, Enter and Space choose.
 */
export class Hall {
  #root;
  #neighbours;
  #onChoose;
  #onPoint;
  #grid = element("div");
  #screen = element("div");
  #life = new AbortController();
  /** @type {HTMLButtonElement[]} */
  #seats = [];
  /** What stays of a seat's looks. @type {{kind: string, half: "left" | "right" | null}[]} */
  #looks = [];
  #current = 0;
  /** @type {number | null} */
  #pointed = null;
  /** What is at the upper left corner: the layout may leave more room there than a page has. */
  #left = 0;
  #top = 0;

  /**
   * @param {HTMLElement} root given its size at once, and the seats by `show`
   * @param {Layout} layout
   * @param {{label: string, onChoose: ((index: number) => void) | null, onPoint: (words: string) => void}} options
   *   without `onChoose` it is a picture; `onPoint` hears the label of the seat that is pointed at, and "" of none
   */
  constructor(root, layout, { label, onChoose, onPoint }) {
    this.#root = root;
    this.#onChoose = onChoose;
    this.#onPoint = onPoint;
    this.#neighbours = new Neighbours(layout.seats);
    this.#build(layout, label);
    // The root outlives its halls: what is heard of it ends with this one.
    const { signal } = this.#life;
    if (onChoose) this.#listen(signal);
  }

  /**
   * @param {number} index
   * @param {SeatView} view
   */
  paint(index, { status, mine, pending, label }) {
    const seat = this.#seats[index];
    if (!seat) return;
    seat.dataset.status = status;
    seat.dataset.mine = String(mine);
    seat.setAttribute("aria-selected", String(mine));
    seat.setAttribute("aria-label", label);
    seat.toggleAttribute("data-pending", pending);
    seat.className = seatClasses({ ...this.#looks[index], status, mine, pending });
    seat.setAttribute("aria-busy", String(pending));
    if (index === this.#pointed) this.#onPoint(label);
  }

  /**
   * Takes the place of what was there: after the size is chosen, since thousands of seats are measured anew with it.
   */
  show() {
    this.#root.replaceChildren(this.#screen, this.#grid);
  }

  /** What all seats look at. */
  get screen() {
    return this.#screen;
  }

  /** Hears no more: another hall takes its place. */
  end() {
    this.#life.abort();
  }

  /** @param {Layout} layout @param {string} label */
  #build(layout, label) {
    const { seats } = layout;
    const screen = screenOf(layout);
    this.#left = Math.min(...seats.map(({ x }) => x - SIDE));
    this.#top = Math.min(screen.bottom - SCREEN, ...seats.map(({ y }) => y - 0.5)) - EDGE / 2;
    const right = Math.max(...seats.map(({ x }) => x + SIDE));
    const back = Math.max(...seats.map(({ y }) => y + 0.5)) + EDGE;
    this.#root.style.setProperty("--width", String(right - this.#left));
    this.#root.style.setProperty("--height", String(back - this.#top));
    this.#screen = this.#buildScreen(screen);
    const grid = element("div", { role: "grid", "aria-label": label });
    const byId = new Map(seats.map((seat) => [seat.id, seat]));
    for (const row of this.#neighbours.rows) {
      const line = element("div", { role: "row" });
      for (const seat of row) {
        const node = this.#seat(seat, seat.pair ? byId.get(seat.pair) : undefined);
        this.#seats[seat.index] = node;
        line.append(node);
      }
      line.append(this.#rowName(row[0], -1), this.#rowName(row[row.length - 1], 1));
      grid.append(line);
    }
    this.#grid = grid;
    this.#current = this.#neighbours.rows[0]?.[0].index ?? 0;
    if (this.#onChoose) this.#seats[this.#current]?.setAttribute("tabindex", "0");
  }

  /** @param {{x: number, bottom: number, width: number}} place */
  #buildScreen({ x, bottom, width }) {
    const name = element("span", { text: text.page.screen });
    const screen = element("div", { class: "screen", "aria-hidden": "true" }, name);
    screen.style.left = em(x - width / 2 - this.#left);
    screen.style.top = em(bottom - SCREEN - this.#top);
    screen.style.width = em(width);
    screen.style.height = em(SCREEN);
    return screen;
  }

  /** @param {Seat} seat @param {Seat | undefined} pair */
  #seat(seat, pair) {
    const half = seat.kind === "couple" && pair ? (seat.x < pair.x ? "left" : "right") : null;
    const look = { kind: seat.kind, half: /** @type {"left" | "right" | null} */ (half) };
    this.#looks[seat.index] = look;
    const node = element("button", {
      class: seatClasses({ ...look, status: "" }),
      type: "button",
      role: "gridcell",
      tabindex: "-1",
      text: String(seat.number),
      "data-seat": seat.id,
      "data-index": String(seat.index),
      "data-kind": seat.kind,
      "data-status": "",
      "data-mine": "false",
    });
    node.disabled = !this.#onChoose;
    const slope = this.#neighbours.slope(seat);
    this.#place(node, seat.x, seat.y);
    if (Math.abs(slope) > LEVEL) node.style.rotate = `${slope.toFixed(3)}rad`;
    return node;
  }

  /** @param {Seat} seat the outermost of its row @param {1 | -1} side */
  #rowName(seat, side) {
    const name = element("span", { class: "row-name", "aria-hidden": "true", text: seat.row });
    const slope = this.#neighbours.slope(seat);
    this.#place(name, seat.x + side * Math.cos(slope), seat.y + side * Math.sin(slope));
    return name;
  }

  /** Puts the middle of a seat's box there. @param {HTMLElement} node @param {number} x @param {number} y */
  #place(node, x, y) {
    node.style.left = em(x - BOX / 2 - this.#left);
    node.style.top = em(y - BOX / 2 - this.#top);
  }

  /** @param {AbortSignal} signal */
  #listen(signal) {
    /** @param {string} type @param {(index: number | null, event: Event) => void} react */
    const on = (type, react) =>
      this.#root.addEventListener(type, (event) => react(indexOf(event.target), event), { signal });
    on("click", (index) => {
      if (index !== null) this.#onChoose?.(index);
    });
    on("pointerover", (index) => this.#point(index));
    on("pointerleave", () => this.#point(null));
    on("focusin", (index) => {
      if (index === null) return;
      this.#enter(index);
      this.#point(index);
    });
    on("keydown", (index, event) => {
      const { key, ctrlKey, metaKey, altKey } = /** @type {KeyboardEvent} */ (event);
      const next = index === null || ctrlKey || metaKey || altKey ? null : this.#neighbours.next(index, key);
      if (next === null) return;
      event.preventDefault();
      this.#seats[next].focus();
    });
  }

  /** @param {number | null} index */
  #point(index) {
    this.#pointed = index;
    this.#onPoint(index === null ? "" : (this.#seats[index].getAttribute("aria-label") ?? ""));
  }

  /** Moves the tab stop. @param {number} index */
  #enter(index) {
    this.#seats[this.#current]?.setAttribute("tabindex", "-1");
    this.#seats[index].setAttribute("tabindex", "0");
    this.#current = index;
  }
}

/** @param {EventTarget | null} target @returns {number | null} */
function indexOf(target) {
  const seat = target instanceof Element ? target.closest("[data-index]") : null;
  return seat instanceof HTMLElement ? Number(seat.dataset.index) : null;
}

/**
 * A length in em, of which the style sheet makes EM_PER_UNIT one unit: enlarging the hall changes one size instead of
 * thousands of sums.
 *
 * @param {number} units
 */
function em(units) {
  return `${(units * EM_PER_UNIT).toFixed(3)}em`;
}
