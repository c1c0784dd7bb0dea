/**
 * The two registries of codes and what their ranges tell a client to do.
 *
 * They stand in the server's own registry too; the golden vectors hold the two together.
 */

/** Rejection code → the HTTP status that carries it. @type {Readonly<Record<string, number>>} */
export const REJECTIONS = Object.freeze({
  seats_unavailable: 409,
  not_enough_seats: 409,
  limit_exceeded: 409,
  seat_rule: 409,
  not_held: 409,
  hold_cap: 409,
  gone: 410,
  unknown_seat: 422,
  bad_request: 422,
  read_only: 401,
  not_admitted: 429,
  rate_limited: 429,
  sales_closed: 409,
  unavailable: 503,
});

/** Codes that only HTTP answers carry → their status. @type {Readonly<Record<string, number>>} */
export const HTTP_ONLY = Object.freeze({
  malformed: 400,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  method_not_allowed: 405,
  too_large: 413,
  unsupported_media_type: 415,
  idempotency_in_progress: 409,
  idempotency_mismatch: 422,
  conflict: 409,
  internal: 500,
});

/** Private close codes by number → name. @type {Readonly<Record<number, string>>} */
export const CLOSES = Object.freeze({
  4001: "slow_consumer",
  4002: "idle",
  4003: "draining",
  4004: "flood",
  4501: "session_ended",
  4502: "bad_message",
  4503: "showtime_closed",
  4504: "unknown_showtime",
});

/** What a connection that vanished without a close frame is given. */
export const ABNORMAL = 1006;

/** Codes of the protocol that speak of the server's or the network's trouble, not of a fault of ours. */
const PASSING = new Set([1001, 1005, ABNORMAL, 1011, 1012, 1013, 1014]);

/**
 * Whether a connection closed with `code` is to be opened again, with back-off. Of the private codes the range decides,
 * so that it holds for codes that this page has never seen.
 *
 * @param {number} code
 * @returns {boolean}
 */
export function mayReconnect(code) {
  return (code >= 4000 && code <= 4499) || PASSING.has(code);
}
