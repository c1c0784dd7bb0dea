/** @import { Change, Delta, Snapshot } from "./types.js" */

/**
 * The letters of all seats at one (epoch, version).
 *
 * A snapshot replaces it. A delta is `stale` (ignored) if its version is not beyond the map's own, `applied` if it
 * starts at or before it, else a `gap` that changes nothing: ask for what is missing. A seat that the map does not
 * have is a gap too. Letters are absolute, so overlap is harmless. Dispatches `change` with `{changes}`, the seats
 * whose letter is now another.
 */
export class SeatMap extends EventTarget {
  /** @type {string | null} */
  #epoch = null;
  #version = -1;
  /** @type {string[]} */
  #letters = [];

  /** The history that the version counts in; null before the first snapshot. */
  get epoch() {
    return this.#epoch;
  }

  get version() {
    return this.#version;
  }

  get size() {
    return this.#letters.length;
  }

  /** One letter a seat, in layout order. */
  get seats() {
    return this.#letters.join("");
  }

  /**
   * @param {number} index
   * @returns {string | undefined} the seat's letter; undefined where there is no such seat
   */
  at(index) {
    return this.#letters[index];
  }

  /** @param {Snapshot} snapshot */
  replace({ epoch, version, seats }) {
    const before = this.#letters;
    this.#letters = Array.from(seats);
    this.#epoch = epoch;
    this.#version = version;
    /** @type {Change[]} */
    const changes = [];
    this.#letters.forEach((letter, index) => {
      if (before[index] !== letter) changes.push([index, letter]);
    });
    this.#announce(changes);
  }

  /**
   * @param {Delta} delta
   * @returns {"applied" | "stale" | "gap"}
   */
  apply({ from, version, changes }) {
    if (version <= this.#version) return "stale";
    if (from > this.#version) return "gap";
    if (changes.some(([index]) => !(index in this.#letters))) return "gap";
    const changed = changes.filter(([index, letter]) => this.#letters[index] !== letter);
    for (const [index, letter] of changed) this.#letters[index] = letter;
    this.#version = version;
    this.#announce(changed);
    return "applied";
  }

  /** Forgets everything: the next connection asks for a snapshot. */
  forget() {
    this.#epoch = null;
    this.#version = -1;
  }

  /** @param {Change[]} changes */
  #announce(changes) {
    this.dispatchEvent(new CustomEvent("change", { detail: { changes } }));
  }
}
