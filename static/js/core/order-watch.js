/** @import { Order } from "./types.js" */

import { ServerClock } from "./clock.js";
import { ApiError, NetworkError } from "./http.js";
import { lookAgain, viewOf } from "./order-view.js";

/** After an answer that did not come. */
const AFTER_FAILURE_MS = 3_000;

/**
 * An order as it is now: read again and again, the sooner the more is expected of it, until nothing can come any more.
 *
 * Dispatches `change` with every answer, and `failure` with `{error}` when there was none to be had.
 */
export class OrderWatch extends EventTarget {
  clock = new ServerClock();
  /** @type {Order | null} */
  order = null;
  #read;
  #timers;
  #now;
  #unchanged = 0;
  #failed = 0;
  #told = "";
  /** @type {unknown} */
  #timer = null;
  /** Answers of questions that a later one has overtaken are not looked at. */
  #asked = 0;

  /**
   * @param {() => Promise<Order>} read
   * @param {{timers: {set: (callback: () => void, ms: number) => unknown, clear: (timer: any) => void},
   *   now: () => number}} outside
   */
  constructor(read, { timers, now }) {
    super();
    this.#read = read;
    this.#timers = timers;
    this.#now = now;
  }

  /** The server's time. */
  get serverNow() {
    return this.clock.at(this.#now());
  }

  /** What is to be told and offered now; null before the first answer. */
  get view() {
    return this.order && viewOf(this.order, this.serverNow);
  }

  /** Milliseconds until the payment deadline; null before the first answer. */
  get left() {
    return this.order && this.order.expires_at - this.serverNow;
  }

  /** Reads at once, and soon again if nothing has changed. */
  async look() {
    this.#unchanged = 0;
    await this.#ask();
  }

  /** Takes over an answer that came by another way. @param {Order} order */
  take(order) {
    this.#asked += 1;
    const before = this.order;
    this.#unchanged = 0;
    // An answer that was kept for a repeated question tells neither of tickets nor of gateways.
    this.order = { ...order, gateways: order.gateways ?? before?.gateways };
    this.dispatchEvent(new Event("change"));
    this.#plan();
  }

  async #ask() {
    this.#timers.clear(this.#timer);
    const asked = (this.#asked += 1);
    const sentAt = this.#now();
    let order;
    try {
      order = await this.#read();
    } catch (error) {
      if (!(error instanceof ApiError || error instanceof NetworkError)) throw error;
      if (asked === this.#asked) this.#failure(error);
      return;
    }
    if (asked !== this.#asked) return;
    if (order.server_at !== undefined) this.clock.learn(order.server_at, this.#now(), sentAt);
    this.order = order;
    this.#failed = 0;
    const told = JSON.stringify({ ...order, server_at: 0 });
    this.#unchanged = told === this.#told ? this.#unchanged + 1 : 0;
    this.#told = told;
    this.dispatchEvent(new Event("change"));
    this.#plan();
  }

  /** @param {ApiError | NetworkError} error */
  #failure(error) {
    this.#failed += 1;
    this.dispatchEvent(new CustomEvent("failure", { detail: { error } }));
    const lasting = error instanceof ApiError && error.status < 500 && error.code !== "rate_limited";
    if (!lasting) this.#again(Math.max(AFTER_FAILURE_MS * Math.min(this.#failed, 10), retryAfter(error)));
  }

  #plan() {
    const view = this.view;
    const pause = view && lookAgain(view, this.#unchanged, this.left ?? 0);
    if (pause !== null) this.#again(pause);
  }

  /** @param {number} ms */
  #again(ms) {
    this.#timers.clear(this.#timer);
    this.#timer = this.#timers.set(() => void this.#ask(), ms);
  }
}

/** @param {ApiError | NetworkError} error */
function retryAfter(error) {
  return error instanceof ApiError ? (error.retryAfterMs ?? 0) : 0;
}
