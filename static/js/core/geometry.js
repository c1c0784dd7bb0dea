/** @import { Seat } from "./types.js" */

/** How far two seats of one row may differ in height, in units: curved rows are not level. */
const SAME_COLUMN = 1.5;

/**
 * Which seat an arrow key leads to: along the row, or to the nearest seat of the next row that has one.
 */
export class Neighbours {
  /** @type {Seat[][]} */
  #rows = [];
  /** @type {Map<number, {row: number, place: number}>} */
  #places = new Map();

  /** @param {Seat[]} seats */
  constructor(seats) {
    /** @type {Map<string, Seat[]>} */
    const byRow = new Map();
    for (const seat of seats) byRow.set(seat.row, [...(byRow.get(seat.row) ?? []), seat]);
    this.#rows = [...byRow.values()].map((row) => row.sort((a, b) => a.x - b.x)).sort((a, b) => height(a) - height(b));
    this.#rows.forEach((row, r) => row.forEach((seat, place) => this.#places.set(seat.index, { row: r, place })));
  }

  /** Rows from the screen backwards, each from left to right. */
  get rows() {
    return this.#rows;
  }

  /**
   * @param {number} index
   * @param {string} key as in KeyboardEvent.key
   * @returns {number | null} null where the key leads nowhere
   */
  next(index, key) {
    const place = this.#places.get(index);
    if (!place) return null;
    const row = this.#rows[place.row];
    switch (key) {
      case "ArrowLeft":
        return row[place.place - 1]?.index ?? null;
      case "ArrowRight":
        return row[place.place + 1]?.index ?? null;
      case "Home":
        return row[0].index;
      case "End":
        return row[row.length - 1].index;
      case "ArrowUp":
        return this.#across(place.row, -1, row[place.place].x);
      case "ArrowDown":
        return this.#across(place.row, 1, row[place.place].x);
      default:
        return null;
    }
  }

  /**
   * @param {number} from
   * @param {1 | -1} step
   * @param {number} x
   */
  #across(from, step, x) {
    /** @type {Seat | null} */
    let fallback = null;
    for (let r = from + step; this.#rows[r]; r += step) {
      const nearest = this.#rows[r].reduce((best, seat) => (Math.abs(seat.x - x) < Math.abs(best.x - x) ? seat : best));
      if (Math.abs(nearest.x - x) <= SAME_COLUMN) return nearest.index;
      fallback ??= nearest;
    }
    return fallback?.index ?? null;
  }
}

/** @param {Seat[]} row */
function height(row) {
  return row.reduce((sum, seat) => sum + seat.y, 0) / row.length;
}
