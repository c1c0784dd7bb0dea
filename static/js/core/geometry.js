/** @import { Seat } from "./types.js" */

/** How far two seats of one row may differ in height, in units: curved rows are not level. */
const SAME_COLUMN = 1.5;

/** Seats of one row that are further apart than this have an aisle between them. */
const SIDE_BY_SIDE = 1.6;

/** In units: the screen is as wide as a part of the hall, and in a stadium not wider than what stands before it. */
const SCREEN_PART = 0.62;
const SCREEN_LARGEST = 22;
const SCREEN_GAP = 0.9;

/**
 * Where the screen stands: before the seats that face it, which in a deep arc is between the arms of the others.
 *
 * @param {{seats: Seat[], width: number}} layout
 * @returns {{x: number, bottom: number, width: number}} its middle, its edge towards the seats, and its width, in units
 */
export function screenOf({ seats, width }) {
  const x = width / 2;
  const wide = Math.min(width * SCREEN_PART, SCREEN_LARGEST);
  const facing = seats.filter((seat) => Math.abs(seat.x - x) <= wide / 2);
  const front = Math.min(...(facing.length ? facing : seats).map(({ y }) => y - 0.5));
  return { x, bottom: front - SCREEN_GAP, width: wide };
}

/**
 * Which seat an arrow key leads to: along the row, or to the nearest seat of the next row that has one; and which way
 * a row runs at a seat.
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
   * How far the row falls at a seat, to its right: the halves of a couple seat have one direction.
   *
   * @param {Seat} seat
   * @returns {number} radians, clockwise; 0 in a straight row
   */
  slope(seat) {
    const { row, place } = /** @type {{row: number, place: number}} */ (this.#places.get(seat.index));
    const beside = [this.#rows[row][place - 1], this.#rows[row][place + 1]].filter(
      (other) => other && Math.hypot(other.x - seat.x, other.y - seat.y) <= SIDE_BY_SIDE,
    );
    const pair = beside.find((other) => other.id === seat.pair);
    const [from, to] = [seat, ...(pair ? [pair] : beside)].sort((a, b) => a.x - b.x).filter(isEnd);
    return to ? Math.atan2(to.y - from.y, to.x - from.x) : 0;
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

/** @param {Seat} _ @param {number} place @param {Seat[]} all */
function isEnd(_, place, all) {
  return place === 0 || place === all.length - 1;
}

/** @param {Seat[]} row */
function height(row) {
  return row.reduce((sum, seat) => sum + seat.y, 0) / row.length;
}
