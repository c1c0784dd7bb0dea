/** @import { Words } from "./language.js" */

import { ApiError } from "./http.js";

/**
 * Why an order was not placed, paid or given up, in words for the person who asked.
 *
 * @param {unknown} error
 * @param {Words} words
 * @param {(amount: number) => string} money
 * @returns {{code: string, words: string, order: string | null}} `order`: where the seats are, if they are this person's
 */
export function refusalOf(error, words, money) {
  const { refusal } = words;
  if (!(error instanceof ApiError)) return { code: "network", words: refusal.network, order: null };
  const { code, problem } = error;
  const order = typeof problem.order === "string" ? problem.order : null;
  if (code === "gone" || code === "not_held") return { code, words: refusal[code](problem.seats ?? []), order };
  if (code === "conflict") {
    if (typeof problem.total === "number") return { code, words: refusal.price(money(problem.total)), order };
    return { code, words: order ? refusal.conflict : refusal.taken, order };
  }
  if (code === "unavailable" || code === "idempotency_in_progress") {
    return { code, words: refusal.unavailable, order };
  }
  switch (code) {
    case "sales_closed":
    case "seat_rule":
    case "bad_request":
    case "unauthenticated":
      return { code, words: refusal[code], order };
    default:
      return { code, words: error.status >= 500 ? refusal.unavailable : refusal.other, order };
  }
}
