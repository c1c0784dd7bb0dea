/** Full-jitter exponential back-off: a crowd that was cut off together does not come back together. */

export const BASE_MS = 250;
export const CAP_MS = 10_000;

/**
 * How long to wait before attempt number `attempt` (from 0), in milliseconds.
 *
 * @param {number} attempt
 * @param {number} random from 0 up to 1
 * @returns {number}
 */
export function backoff(attempt, random) {
  return random * Math.min(CAP_MS, BASE_MS * 2 ** attempt);
}
