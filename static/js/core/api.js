/** @import { Layout, Showtime } from "./types.js" */

import { Http } from "./http.js";

export { ApiError, NetworkError } from "./http.js";

/** Showtimes, their halls, and the guest's session. Every method throws ApiError or NetworkError. */
export class Api {
  #http;

  /**
   * @param {(url: string, init?: RequestInit) => Promise<Response>} fetch
   * @param {string} [base]
   */
  constructor(fetch, base) {
    this.#http = new Http(fetch, base);
  }

  /**
   * @param {string | null} [cursor] the `next` of the list before
   * @returns {Promise<{showtimes: Showtime[], next: string | null}>}
   */
  async showtimes(cursor = null) {
    const answer = await this.#http.ask(cursor ? `/showtimes?cursor=${encodeURIComponent(cursor)}` : "/showtimes");
    return { showtimes: answer.showtimes, next: answer.next ?? null };
  }

  /** @param {string} id @returns {Promise<Showtime>} */
  showtime(id) {
    return this.#http.ask(`/showtimes/${encodeURIComponent(id)}`);
  }

  /** @param {string} id @param {number} version @returns {Promise<Layout>} */
  layout(id, version) {
    return this.#http.ask(`/showtimes/${encodeURIComponent(id)}/layout?v=${version}`);
  }

  /**
   * Makes this browser a guest: the answer sets the cookie.
   *
   * @returns {Promise<string>} the token, for a socket that was opened without the cookie
   */
  async createSession() {
    const { token } = await this.#http.ask("/sessions", { method: "POST" });
    return token;
  }
}
