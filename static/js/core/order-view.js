/** @import { Order } from "./types.js" */

/**
 * What an order's page tells and offers.
 *
 * @typedef {"open" | "unpaid" | "closing" | "paid" | "expired" | "late" | "cancelled" | "review" | "returning"
 *   | "too_late" | "too_late_returned" | "part_returning" | "partly_refunded" | "refunded"} Stage
 * @typedef {"good" | "wait" | "bad"} Tone
 * @typedef {{stage: Stage, tone: Tone, pays: boolean, poll: Poll | null}} View `pays`: it can still be paid or given up
 * @typedef {{baseMs: number, capMs: number}} Poll how soon a change is looked for, and how seldom at last
 */

/** A person waits for the gateway's word. */
const SOON = { baseMs: 1_000, capMs: 8_000 };

/** Nobody waits in front of the page, but something may still come. */
const SELDOM = { baseMs: 5_000, capMs: 60_000 };

/** Reasons of refunds by which the customer is told more than that the money comes back. */
const LATE = /^paid late/u;

/** @type {Record<string, {tone: Tone, poll: Poll | null}>} */
const STAGES = {
  open: { tone: "wait", poll: SOON },
  unpaid: { tone: "bad", poll: SOON },
  closing: { tone: "wait", poll: SOON },
  paid: { tone: "good", poll: null },
  expired: { tone: "bad", poll: SELDOM },
  late: { tone: "wait", poll: SOON },
  cancelled: { tone: "bad", poll: SELDOM },
  review: { tone: "wait", poll: SELDOM },
  returning: { tone: "wait", poll: SELDOM },
  too_late: { tone: "bad", poll: SELDOM },
  too_late_returned: { tone: "bad", poll: null },
  part_returning: { tone: "good", poll: SELDOM },
  partly_refunded: { tone: "good", poll: null },
  refunded: { tone: "bad", poll: null },
};

/** @param {Order} order @param {number} now by the server's clock @returns {View} */
export function viewOf(order, now) {
  const stage = stageOf(order, now);
  return { stage, pays: stage === "open" || stage === "unpaid", ...STAGES[stage] };
}

/** @param {Order} order @param {number} now @returns {Stage} */
function stageOf(order, now) {
  const captured = ["paid", "suspected", "mismatched"].includes(order.payment.state);
  const late = order.refunds.some(({ reason }) => LATE.test(reason));
  switch (order.state) {
    case "open":
      if (now >= order.expires_at) return "closing";
      return order.payment.state === "failed" ? "unpaid" : "open";
    case "expired":
      return captured && !order.refunds.length ? "late" : "expired";
    case "refunding":
      if (order.tickets?.length) return "part_returning";
      return late ? "too_late" : "returning";
    case "refunded":
      return late ? "too_late_returned" : "refunded";
    case "paid":
    case "cancelled":
    case "review":
    case "partly_refunded":
      return order.state;
    default:
      return "review"; // a state of later times: people look at it
  }
}

/**
 * When to look again, growing from `baseMs` by half each time, never beyond what is left until the deadline.
 *
 * @param {View} view
 * @param {number} unchanged how often nothing was new
 * @param {number} left until the deadline, in milliseconds; not above zero once it has passed
 * @returns {number | null} null: never of its own accord
 */
export function lookAgain({ poll }, unchanged, left) {
  if (poll === null) return null;
  const pause = Math.min(poll.capMs, poll.baseMs * 1.5 ** unchanged);
  return left > 0 ? Math.min(pause, left + poll.baseMs) : pause;
}
