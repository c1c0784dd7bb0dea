/**
 * @typedef {object} StaffOrder an order with all its money
 * @property {string} id
 * @property {string} showtime
 * @property {string} state
 * @property {{seat: string, zone: string, price: number}[]} seats
 * @property {string[]} live the seats that are its own now
 * @property {number} amount
 * @property {string} currency
 * @property {number} created_at
 * @property {number} expires_at
 * @property {{title: string}} film
 * @property {{name: string}} hall
 * @property {number} starts_at
 * @property {{email: string, phone: string | null, name: string | null, locale: string}} customer
 * @property {StaffPayment[]} payments
 * @property {StaffRefund[]} refunds
 *
 * @typedef {{reference: string, gateway: string, gateway_id: string | null, state: string, amount: number,
 *   captured: number, code: string | null, created_at: number, pays: boolean}} StaffPayment
 * @typedef {{reference: string, payment: string, amount: number, state: string, reason: string, by: string,
 *   seats: string[], code: string | null, created_at: number, closable_at: number | null,
 *   closing: Closing | null}} StaffRefund
 * @typedef {{outcome: string, by: string, reason: string, on: string | null, said: string | null,
 *   contradicted: boolean}} Closing how staff said that it ended, and what the gateway said after that
 */

/** States in which staff may send money back. */
const REFUNDABLE = new Set(["paid", "review", "refunding", "partly_refunded"]);

/** What is left of the payment that pays; a refund that was sent anew counts once. @param {StaffOrder} order */
export function leftOf({ payments, refunds }) {
  const paid = payments.find(({ pays }) => pays);
  if (!paid) return 0;
  const gone = refunds.filter(({ payment, state }) => payment === paid.reference && state !== "replaced");
  return gone.reduce((left, { amount }) => left - amount, paid.captured);
}

/** Whether a refund waits for its gateway. @param {StaffRefund} refund */
export function underWay({ state }) {
  return state === "requested" || state === "sent" || state === "unknown";
}

/** Whether there is money that staff may send back. @param {StaffOrder} order */
export function refundable(order) {
  return REFUNDABLE.has(order.state) && leftOf(order) > 0;
}

/** Whether staff may say how a refund ended. @param {StaffRefund} refund @param {number} now */
export function closable({ closable_at }, now) {
  return closable_at !== null && now >= closable_at;
}

/** The day of an instant where the page is read, as forms have it: 2026-11-22. @param {number} at */
export function dayOf(at) {
  const date = new Date(at);
  const two = (/** @type {number} */ number) => String(number).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/**
 * What would go back, in the minor unit: for seats their price, and all that is left for all of them.
 *
 * @param {StaffOrder} order
 * @param {string[]} seats
 * @returns {number}
 */
export function worthOf(order, seats) {
  if (order.live.length && order.live.every((seat) => seats.includes(seat))) return leftOf(order);
  return order.seats.reduce((sum, { seat, price }) => (seats.includes(seat) ? sum + price : sum), 0);
}

/**
 * An amount as people type it, in the minor unit; null if it is none.
 *
 * @param {string} typed such as `90.000` or `90,000`, in whole units of a currency without smaller ones
 */
export function amountOf(typed) {
  const digits = typed.trim();
  if (!/^(?:\d{1,3}(?:[.,\s]\d{3})+|\d+)$/u.test(digits)) return null;
  const amount = Number(digits.replace(/\D/gu, ""));
  return Number.isSafeInteger(amount) && amount > 0 ? amount : null;
}
