/** Orders as the server tells them. */

/** @param {object} [more] @returns {import("../../static/js/core/types.js").Order} */
export function order(more = {}) {
  return {
    id: "aaaabbbbccccddddeeeeffff",
    showtime: "demo",
    state: "open",
    seats: [
      { seat: "F7", zone: "standard", price: 90_000 },
      { seat: "F8", zone: "standard", price: 90_000 },
    ],
    amount: 180_000,
    currency: "VND",
    expires_at: 600_000,
    payment: { gateway: "sandbox", state: "started", redirect_url: "/sandbox/pay#t" },
    refunds: [],
    email: "l***@example.com",
    film: { title: "Sóng" },
    ...more,
  };
}

/** @param {object} [more] @returns {import("../../static/js/core/types.js").Refund} */
export function refund(more = {}) {
  return { amount: 180_000, state: "requested", reason: "asked for", seats: [], ...more };
}

/** @param {string} seat @returns {import("../../static/js/core/types.js").Ticket} */
export function ticket(seat) {
  return { seat, row: seat[0], number: Number(seat.slice(1)), zone: "Standard", code: "ABC", qr: "<svg></svg>" };
}
