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

/** @typedef {{method?: string, body?: unknown, headers?: Record<string, string>}} Question `body` is sent as JSON */

/** JSON over HTTP, to this server alone. */
export class Http {
  #fetch;
  #base;
  /** The `Date` of the last answer, in milliseconds to the second; null before one. @type {number | null} */
  answeredAt = null;

  /**
   * @param {(url: string, init?: RequestInit) => Promise<Response>} fetch
   * @param {string} [base]
   */
  constructor(fetch, base = "/api/v1") {
    this.#fetch = fetch;
    this.#base = base;
  }

  /**
   * @param {string} path
   * @param {Question} [question]
   * @returns {Promise<any>} the answer's JSON
   * @throws {ApiError | NetworkError}
   */
  async ask(path, { method = "GET", body, headers = {} } = {}) {
    /** @type {RequestInit} */
    const init = { method, credentials: "same-origin" };
    init.headers = { Accept: "application/json, application/problem+json", ...headers };
    if (body !== undefined) {
      init.headers = { ...init.headers, "Content-Type": "application/json" };
      init.body = JSON.stringify(body);
    }
    let response;
    try {
      response = await this.#fetch(this.#base + path, init);
    } catch (error) {
      throw new NetworkError(error);
    }
    const date = Date.parse(response.headers.get("Date") ?? "");
    if (!Number.isNaN(date)) this.answeredAt = date;
    let answer;
    try {
      answer = await response.json();
    } catch (error) {
      if (response.ok) throw new NetworkError(error); // cut off in the middle
      answer = {}; // a proxy's own page, not a problem document
    }
    if (!response.ok) throw new ApiError(response.status, answer);
    return answer;
  }
}
