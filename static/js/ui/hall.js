/** @import { Layout, Seat } from "../core/types.js" */

import { Neighbours } from "../core/geometry.js";
import { element } from "./dom.js";

/**
 * How a seat is to look: its letter, whether it is one's own, and whether a question about it is open.
 * @typedef {{status: string, mine: boolean, pending: boolean, label: string}} SeatView
 */

/** Units left free around the seats: for the row names at the sides and the screen in front. */
const MARGIN = 1.5;

/**
 * The hall: every seat once, where the layout says; afterwards only what `paint` is told changes.
 *
 * It is a grid of which one seat is in the tab order; arrow keys, Home and End move, Enter and Space choose.
 */
export class Hall {
  #root;
  #neighbours;
  #onChoose;
  /** @type {HTMLButtonElement[]} */
  #seats = [];
  #current = 0;

  /**
   * @param {HTMLElement} root emptied and filled
   * @param {Layout} layout
   * @param {{label: string, onChoose: ((index: number) => void) | null}} options without `onChoose` it is a picture
   */
  constructor(root, layout, { label, onChoose }) {
    this.#root = root;
    this.#onChoose = onChoose;
    this.#neighbours = new Neighbours(layout.seats);
    this.#build(layout, label);
    if (onChoose) this.#listen();
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
    seat.setAttribute("aria-busy", String(pending));
  }

  /** @param {Layout} layout @param {string} label */
  #build({ seats, width, height }, label) {
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
    const back = Math.max(height, ...seats.map(({ y }) => y + 0.5));
    this.#root.style.setProperty("--width", String(right + 2 * MARGIN));
    this.#root.style.setProperty("--height", String(back + MARGIN / 2));
    this.#root.replaceChildren(grid);
    this.#current = this.#neighbours.rows[0]?.[0].index ?? 0;
    if (this.#onChoose) this.#seats[this.#current]?.setAttribute("tabindex", "0");
  }

  /** @param {Seat} seat @param {Seat | undefined} pair */
  #seat(seat, pair) {
    const node = element("button", {
      class: "seat",
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
    if (pair && seat.kind === "couple") node.dataset.half = seat.x < pair.x ? "left" : "right";
    node.disabled = !this.#onChoose;
    place(node, seat.x + MARGIN, seat.y);
    return node;
  }

  /** @param {Seat} seat the outermost of its row @param {1 | -1} side */
  #rowName(seat, side) {
    const name = element("span", { class: "row-name", "aria-hidden": "true", text: seat.row });
    place(name, seat.x + MARGIN + side, seat.y);
    return name;
  }

  #listen() {
    this.#root.addEventListener("click", (event) => {
      const index = indexOf(event.target);
      if (index !== null) this.#onChoose?.(index);
    });
    this.#root.addEventListener("focusin", (event) => {
      const index = indexOf(event.target);
      if (index !== null) this.#enter(index);
    });
    this.#root.addEventListener("keydown", (event) => {
      const index = indexOf(event.target);
      if (index === null || event.ctrlKey || event.metaKey || event.altKey) return;
      const next = this.#neighbours.next(index, event.key);
      if (next === null) return;
      event.preventDefault();
      this.#seats[next].focus();
      this.#seats[next].scrollIntoView({ block: "nearest", inline: "nearest" });
    });
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

/** @param {HTMLElement} node @param {number} x @param {number} y */
function place(node, x, y) {
  node.style.setProperty("--x", String(x));
  node.style.setProperty("--y", String(y));
}
