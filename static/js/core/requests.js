/** @import { Request } from "./types.js" */

/**
 * What was asked and is not settled.
 *
 * A seat is pending from its question until the map has caught up with the answer's version, so that nothing flickers
 * in between. Dispatches `change` with `{seats}` whose pending state may be another.
 */
export class Requests extends EventTarget {
  #map;
  #lastId = 0;
  /** @type {Map<number, {request: Request, at: number}>} */
  #open = new Map();
  /** Answered, but ahead of the map. @type {{seats: number[], epoch: string | null, version: number}[]} */
  #settling = [];

  /** @param {import("./seatmap.js").SeatMap} map */
  constructor(map) {
    super();
    this.#map = map;
    map.addEventListener("change", () => this.#catchUp());
  }

  /** Whether a `restore` waits for its answer. */
  get restoring() {
    return [...this.#open.values()].some(({ request }) => request.type === "restore");
  }

  /** @param {number} seat */
  pending(seat) {
    const open = [...this.#open.values()].some(({ request }) => request.seats?.includes(seat));
    return open || this.#settling.some(({ seats }) => seats.includes(seat));
  }

  /**
   * @param {Request} request
   * @param {number} at local time
   * @returns {number} the id that the answer will repeat
   */
  add(request, at) {
    this.#lastId += 1;
    this.#open.set(this.#lastId, { request, at });
    this.#announce(request.seats);
    return this.#lastId;
  }

  /**
   * Notes an answer.
   *
   * @param {unknown} id
   * @param {number} [version] that the map must reach to show it
   * @returns {{request: Request, at: number} | undefined} what was asked, if it is known
   */
  settle(id, version = -1) {
    const found = this.#open.get(/** @type {number} */ (id));
    if (!found) return undefined;
    this.#open.delete(/** @type {number} */ (id));
    const { seats } = found.request;
    if (seats && version > this.#map.version) this.#settling.push({ seats, version, epoch: this.#map.epoch });
    this.#announce(seats);
    return found;
  }

  /** The connection is gone: no answer will come, and the next `welcome` tells what became of it. */
  abandon() {
    const open = [...this.#open.values()].flatMap(({ request }) => request.seats ?? []);
    const seats = [...open, ...this.#settling.flatMap((settling) => settling.seats)];
    this.#open.clear();
    this.#settling = [];
    this.#announce(seats);
  }

  #catchUp() {
    const { epoch, version } = this.#map;
    const done = this.#settling.filter((settling) => settling.epoch !== epoch || settling.version <= version);
    if (!done.length) return;
    this.#settling = this.#settling.filter((settling) => !done.includes(settling));
    this.#announce(done.flatMap(({ seats }) => seats));
  }

  /** @param {number[]} [seats] */
  #announce(seats) {
    if (seats?.length) this.dispatchEvent(new CustomEvent("change", { detail: { seats } }));
  }
}
