/** @import { Layout, Seat } from "../core/types.js" */

import { Neighbours } from "../core/geometry.js";
import { element } from "./dom.js";
import { seatClasses } from "./look.js";

/**
 * How a seat is to look: its letter, whether it is one's own, and whether a question about it is open.
 * @typedef {{status: string, mine: boolean, pending: boolean, label: string}} SeatView
 */

/** Units left free at the sides, for the names of the rows. */
const MARGIN = 1.5;

/** A seat's number is 0.36 units high; its box takes 0.86 units of its place (css/seatmap.css has both in em). */
const EM_PER_UNIT = 1 / 0.36;
const BOX = 0.86;

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
  #life = new AbortController();
  /** @type {HTMLButtonElement[]} */
  #seats = [];
  /** What stays of a seat's looks. @type {{kind: string, half: "left" | "right" | null}[]} */
  #looks = [];
  #current = 0;
  /** @type {number | null} */
  #pointed = null;
  /** Where the first row begins: the screen stands before it, however much room the layout leaves. */
  #front = 0;

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
    this.#root.replaceChildren(this.#grid);
  }

  /** Hears no more: another hall takes its place. */
  end() {
    this.#life.abort();
  }

  /** @param {Layout} layout @param {string} label */
  #build({ seats, width }, label) {
    this.#front = Math.min(...seats.map(({ y }) => y - 0.5));
    const back = Math.max(...seats.map(({ y }) => y + 0.5));
    const grid = element("div", { class: "hall-seats", role: "grid", "aria-label": label });
    const byId = new Map(seats.map((seat) => [seat.id, seat]));
    for (const row of this.#neighbours.rows) {
      const line = element("div", { class: "hall-row", role: "row" });
      for (const seat of row) {
        const node = this.#seat(seat, seat.pair ? byId.get(seat.pair) : undefined);
        this.#seats[seat.index] = node;
        line.append(node);
      }
      line.append(this.#rowName(row[0], -1), this.#rowName(row[row.length - 1], 1));
      grid.append(line);
    }
    const right = Math.max(width, ...seats.map(({ x }) => x + 0.5));
    this.#root.style.setProperty("--width", String(right + 2 * MARGIN));
    this.#root.style.setProperty("--height", String(back - this.#front));
    this.#grid = grid;
    this.#current = this.#neighbours.rows[0]?.[0].index ?? 0;
    if (this.#onChoose) this.#seats[this.#current]?.setAttribute("tabindex", "0");
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
    // The halves of a couple seat stand side by side, also where their row is bent.
    const at = half && pair ? beside(seat, pair) : seat;
    place(node, at.x + MARGIN, at.y - this.#front);
    return node;
  }

  /** @param {Seat} seat the outermost of its row @param {1 | -1} side */
  #rowName(seat, side) {
    const name = element("span", { class: "row-name", "aria-hidden": "true", text: seat.row });
    place(name, seat.x + MARGIN + side, seat.y - this.#front);
    return name;
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

/** @param {Seat} seat @param {Seat} pair */
function beside(seat, pair) {
  const side = seat.x < pair.x ? -0.5 : 0.5;
  return { x: (seat.x + pair.x) / 2 + side, y: (seat.y + pair.y) / 2 };
}

/**
 * Puts the middle of a box there. In em, of which the style sheet makes EM_PER_UNIT one unit: enlarging the hall
 * changes one size instead of thousands of sums.
 *
 * @param {HTMLElement} node
 * @param {number} x
 * @param {number} y
 */
function place(node, x, y) {
  node.style.left = `${((x - BOX / 2) * EM_PER_UNIT).toFixed(3)}em`;
  node.style.top = `${((y - BOX / 2) * EM_PER_UNIT).toFixed(3)}em`;
}
