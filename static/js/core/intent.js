import { ApiError, NetworkError } from "./http.js";
import { backoff } from "./backoff.js";

/** How often one press of a button asks before a person is told that no answer came. */
export const TRIES = 4;

/** Refusals that say nothing of the thing itself: the same question may be granted in a moment. */
const PASSING = new Set(["unavailable", "idempotency_in_progress", "rate_limited", "internal"]);

/**
 * A thing that a person wants done once, however often it has to be asked for.
 *
 * Each question carries the idempotency key of the intent. A new key is made when something else is wanted, or after an
 * answer that settles the last; without one, the next press of the button asks under the same key again.
 */
export class Intent {
  #wait;
  #random;
  /** @type {{wanted: string, key: string} | null} */
  #open = null;

  /** @param {{wait: (ms: number) => Promise<void>, random?: () => number}} outside */
  constructor({ wait, random = Math.random }) {
    this.#wait = wait;
    this.#random = random;
  }

  /**
   * Asks until there is an answer, some times at most.
   *
   * @template T
   * @param {unknown} wanted what makes two intents the same, as JSON
   * @param {(key: string) => Promise<T>} ask
   * @returns {Promise<T>}
   * @throws {ApiError | NetworkError} a refusal, or the last of some failures that may pass
   */
  async pursue(wanted, ask) {
    const text = JSON.stringify(wanted);
    if (this.#open?.wanted !== text) this.#open = { wanted: text, key: newKey() };
    const { key } = this.#open;
    for (let tried = 1; ; tried += 1) {
      try {
        const answer = await ask(key);
        this.#open = null;
        return answer;
      } catch (error) {
        if (!passing(error)) {
          this.#open = null;
          throw error;
        }
        if (tried === TRIES) throw error;
        await this.#wait(Math.max(pause(error), backoff(tried, this.#random())));
      }
    }
  }
}

/** @param {unknown} error whether the same question may be answered otherwise in a moment */
function passing(error) {
  return error instanceof NetworkError || (error instanceof ApiError && PASSING.has(error.code));
}

/** @param {unknown} error @returns {number} */
function pause(error) {
  return error instanceof ApiError ? (error.retryAfterMs ?? 0) : 0;
}

/** @returns {string} 32 hexadecimal digits; `randomUUID` is not to be had over plain HTTP */
function newKey() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
