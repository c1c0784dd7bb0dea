/** @import { CheckoutRequest, Order } from "./types.js" */
/** @import { Http } from "./http.js" */

/** Orders over REST: placed from held seats, read, paid, given up. Every method throws ApiError or NetworkError. */
export class Orders {
  #http;

  /** @param {Http} http */
  constructor(http) {
    this.#http = http;
  }

  /**
   * @param {string} showtime
   * @param {CheckoutRequest} request
   * @param {string} key the idempotency key
   * @returns {Promise<Order>}
   */
  checkout(showtime, request, key) {
    const path = `/showtimes/${encodeURIComponent(showtime)}/checkout`;
    return this.#http.ask(path, { method: "POST", body: request, headers: { "Idempotency-Key": key } });
  }

  /**
   * @param {string} id
   * @param {string | null} token of the order, where the session is another's
   * @returns {Promise<Order>}
   */
  order(id, token) {
    return this.#http.ask(path(id), { headers: access(token) });
  }

  /**
   * Starts another attempt to pay.
   *
   * @param {string} id
   * @param {string} gateway
   * @param {string} key
   * @param {string | null} token
   * @returns {Promise<Order>}
   */
  pay(id, gateway, key, token) {
    const headers = { ...access(token), "Idempotency-Key": key };
    return this.#http.ask(`${path(id)}/pay`, { method: "POST", body: { gateway }, headers });
  }

  /**
   * Gives an open order up.
   *
   * @param {string} id
   * @param {string} key
   * @param {string | null} token
   * @returns {Promise<Order>}
   */
  cancel(id, key, token) {
    const headers = { ...access(token), "Idempotency-Key": key };
    return this.#http.ask(`${path(id)}/cancel`, { method: "POST", body: {}, headers });
  }
}

/** @param {string} id */
function path(id) {
  return `/orders/${encodeURIComponent(id)}`;
}

/** @param {string | null} token @returns {Record<string, string>} */
function access(token) {
  return token === null ? {} : { "X-Order-Token": token };
}
