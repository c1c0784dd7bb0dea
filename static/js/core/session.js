/** @import { Effect, Request } from "./types.js" */

/**
 * How a page that may only watch becomes a holder on the connection that it has.
 *
 * What is asked before that is kept, and goes out right behind the token. The token lives in this object alone, for
 * connections that come without a cookie; those that bring one need it no more.
 */
export class Session {
  #requests;
  /** @type {string | null} */
  #token = null;
  #opening = false;
  /** @type {{id: number, request: Request}[]} */
  #kept = [];

  /** @param {import("./requests.js").Requests} requests where what is kept is pending */
  constructor(requests) {
    this.#requests = requests;
  }

  /** @param {Request} request @param {number} now */
  keep(request, now) {
    this.#kept.push({ id: this.#requests.add(request, now), request });
  }

  /**
   * The next step: shows the token to the server, with all that was kept, or has a session opened, once at a time.
   *
   * @param {number} now
   * @returns {Effect[]}
   */
  join(now) {
    if (this.#token !== null) {
      const request = /** @type {const} */ ({ type: "auth", token: this.#token });
      const asked = [{ id: this.#requests.add(request, now), request }, ...this.#kept.splice(0)];
      return asked.map(({ id, request }) => ({ kind: "send", text: JSON.stringify({ ...request, id }) }));
    }
    if (this.#opening) return [];
    this.#opening = true;
    return [{ kind: "session" }];
  }

  /** @param {string} token */
  opened(token) {
    this.#opening = false;
    this.#token = token;
  }

  /** No session was to be had; `join` tries again. @returns {Request[]} what was kept, and is pending no longer */
  failed() {
    this.#opening = false;
    return this.abandon();
  }

  /** The connection is gone. @returns {Request[]} what was kept, and is pending no longer */
  abandon() {
    const kept = this.#kept.splice(0);
    for (const { id } of kept) this.#requests.settle(id);
    return kept.map(({ request }) => request);
  }

  /** The token is of no use any more: the cookie counts, or the session has ended. */
  forget() {
    this.#token = null;
  }
}
