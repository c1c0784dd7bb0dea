/** @import { Hold } from "./types.js" */

/**
 * The seats that this holder has, in every tab of theirs.
 *
 * Within an epoch the list that was read at the greater version stands, whichever arrives last; a new epoch starts
 * afresh. Dispatches `change` with `{seats}`, the indexes that were gained, lost or given another expiry.
 */
export class Holds extends EventTarget {
  /** @type {string | null} */
  #epoch = null;
  #version = -1;
  /** @type {Map<number, Hold>} */
  #bySeat = new Map();

  /** All holds, by seat index. @returns {Hold[]} */
  get list() {
    return [...this.#bySeat.values()].sort((a, b) => a.seat - b.seat);
  }

  /** The history that the list is of; null before the first one. */
  get epoch() {
    return this.#epoch;
  }

  get version() {
    return this.#version;
  }

  /** @param {number} seat */
  has(seat) {
    return this.#bySeat.has(seat);
  }

  /** @param {number} seat */
  get(seat) {
    return this.#bySeat.get(seat);
  }

  /**
   * Takes over a list, unless a newer one is known.
   *
   * @param {string} epoch
   * @param {number} version at which the list was read
   * @param {Hold[]} holds
   * @returns {boolean} whether it stands
   */
  replace(epoch, version, holds) {
    if (epoch === this.#epoch && version < this.#version) return false;
    const before = this.#bySeat;
    this.#epoch = epoch;
    this.#version = version;
    this.#bySeat = new Map(holds.map((hold) => [hold.seat, hold]));
    const seats = [...new Set([...before.keys(), ...this.#bySeat.keys()])].filter(
      (seat) => !same(before.get(seat), this.#bySeat.get(seat)),
    );
    if (seats.length) this.dispatchEvent(new CustomEvent("change", { detail: { seats } }));
    return true;
  }

  /** When the first of the seats that are still being chosen ends; null without any (those in payment do not count). */
  get endsAt() {
    const times = this.list.filter((hold) => !hold.order).map((hold) => hold.expires_at);
    return times.length ? Math.min(...times) : null;
  }

  /**
   * Milliseconds that are left of the first hold to end, never below zero; null without any.
   *
   * @param {number} serverNow
   */
  remaining(serverNow) {
    const endsAt = this.endsAt;
    return endsAt === null ? null : Math.max(0, endsAt - serverNow);
  }

  /**
   * Whether asking for more time can gain any, given the cap from the first lock.
   *
   * @param {number} serverNow
   * @param {{hold_ms: number, max_hold_ms: number}} limits
   */
  extendable(serverNow, { hold_ms, max_hold_ms }) {
    return this.list.some(
      (hold) => !hold.order && Math.min(serverNow + hold_ms, hold.first_at + max_hold_ms) > hold.expires_at,
    );
  }
}

/**
 * @param {Hold | undefined} a
 * @param {Hold | undefined} b
 */
function same(a, b) {
  if (!a || !b) return a === b;
  return a.expires_at === b.expires_at && (a.order ?? null) === (b.order ?? null);
}
