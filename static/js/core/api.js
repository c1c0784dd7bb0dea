/** @import { Layout, Showtime } from "./types.js" */

/**
 * What can go wrong over HTTP:
 *
 *     Error
 *     ├── ApiError       the server answered, with a problem document or at least a status
 *     └── NetworkError   no answer came
 */
export class ApiError extends Error {
  /**
   * @param {number} status
   * @param {Record<string, any>} problem the document; empty where there was none
   */
  constructor(status, problem) {
    super(problem.detail ?? problem.title ?? `HTTP ${status}`);
    this.name = "ApiError";
    this.status = status;
    /** What programs go by. @type {string} */
    this.code = problem.code ?? "internal";
    /** @type {number | null} */
    this.retryAfterMs = problem.retry_after_ms ?? null;
    this.problem = problem;
  }
}

export class NetworkError extends Error {
  /** @param {unknown} cause */
  constructor(cause) {
    super("no answer from the server", { cause });
    this.name = "NetworkError";
  }
}

/** The part of the REST surface that the pages use. Every method throws ApiError or NetworkError. */
export class Api {
  #fetch;
  #base;

  /**
   * @param {(url: string, init?: RequestInit) => Promise<Response>} fetch
   * @param {string} [base]
   */
  constructor(fetch, base = "/api/v1") {
    this.#fetch = fetch;
    this.#base = base;
  }

  /**
   * @param {string | null} [cursor] the `next` of the list before
   * @returns {Promise<{showtimes: Showtime[], next: string | null}>}
   */
  async showtimes(cursor = null) {
    const answer = await this.#ask(cursor ? `/showtimes?cursor=${encodeURIComponent(cursor)}` : "/showtimes");
    return { showtimes: answer.showtimes, next: answer.next ?? null };
  }

  /** @param {string} id @returns {Promise<Showtime>} */
  showtime(id) {
    return this.#ask(`/showtimes/${encodeURIComponent(id)}`);
  }

  /** @param {string} id @param {number} version @returns {Promise<Layout>} */
  layout(id, version) {
    return this.#ask(`/showtimes/${encodeURIComponent(id)}/layout?v=${version}`);
  }

  /**
   * Makes this browser a guest: the answer sets the cookie.
   *
   * @returns {Promise<string>} the token, for a socket that was opened without the cookie
   */
  async createSession() {
    const { token } = await this.#ask("/sessions", { method: "POST" });
    return token;
  }

  /**
   * @param {string} path
   * @param {RequestInit} [init]
   * @returns {Promise<any>}
   */
  async #ask(path, init = {}) {
    const headers = { Accept: "application/json, application/problem+json" };
    let response;
    try {
      response = await this.#fetch(this.#base + path, { ...init, headers, credentials: "same-origin" });
    } catch (error) {
      throw new NetworkError(error);
    }
    let body;
    try {
      body = await response.json();
    } catch (error) {
      if (response.ok) throw new NetworkError(error); // cut off in the middle
      body = {}; // a proxy's own page, not a problem document
    }
    if (!response.ok) throw new ApiError(response.status, body);
    return body;
  }
}
