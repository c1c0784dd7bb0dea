import assert from "node:assert/strict";
import { test } from "node:test";

import { questionsOf } from "../../static/js/core/order-query.js";
import { amountOf, closable, dayOf, leftOf, refundable, underWay, worthOf } from "../../static/js/core/refund-choice.js";

const ID = "aaaabbbbccccddddeeeeffff";

test("what a customer says is asked for as what it can be, the likeliest first", () => {
  assert.deepEqual(questionsOf(" ", ""), [{}]);
  assert.deepEqual(questionsOf("", "paid"), [{ state: "paid" }]);
  assert.deepEqual(questionsOf(" lan@example.com ", "open"), [{ email: "lan@example.com", state: "open" }]);
  assert.deepEqual(questionsOf("+84 912 345 678", ""), [{ phone: "+84912345678" }]);
  assert.deepEqual(questionsOf("0912 345 678", ""), [{ phone: "0912345678" }, { gateway_id: "0912345678" }]);
  assert.deepEqual(questionsOf(ID, ""), [{ order: ID }, { reference: ID }]);
  assert.deepEqual(questionsOf("14422574", ""), [{ gateway_id: "14422574" }]);
});

/** @param {object} [more] @returns {import("../../static/js/core/refund-choice.js").StaffOrder} */
function paid(more = {}) {
  const payment = { reference: "p1", gateway: "momo", gateway_id: null, code: null, created_at: 0 };
  return {
    id: ID,
    showtime: "demo",
    state: "paid",
    seats: [
      { seat: "F7", zone: "standard", price: 75_000 },
      { seat: "F8", zone: "vip", price: 95_000 },
    ],
    live: ["F7", "F8"],
    amount: 170_000,
    currency: "VND",
    created_at: 0,
    expires_at: 0,
    film: { title: "Sóng" },
    hall: { name: "1" },
    starts_at: 0,
    customer: { email: "lan@example.com", phone: null, name: null, locale: "vi" },
    payments: [
      { ...payment, reference: "p0", state: "failed", amount: 170_000, captured: 0, pays: false },
      { ...payment, state: "paid", amount: 170_000, captured: 170_000, pays: true },
    ],
    refunds: [],
    ...more,
  };
}

/** @param {number} amount @param {string} payment @param {string} state */
const back = (amount, payment = "p1", state = "sent") => {
  const rest = { reference: "r", reason: "", by: "mai", seats: [], code: null, created_at: 0 };
  return { ...rest, closable_at: null, closing: null, amount, payment, state };
};

test("what is left is what the payment of the order took, less what goes back of it", () => {
  assert.equal(leftOf(paid()), 170_000);
  assert.equal(leftOf(paid({ refunds: [back(20_000), back(170_000, "p0")] })), 150_000);
  assert.equal(leftOf(paid({ refunds: [back(20_000, "p1", "replaced"), back(20_000)] })), 150_000);
  assert.equal(leftOf(paid({ payments: [] })), 0);
  assert.ok(refundable(paid()));
  assert.ok(!refundable(paid({ refunds: [back(170_000)], state: "refunding" })));
  assert.ok(!refundable(paid({ state: "open" })));
});

test("a refund is under way until its gateway says an end, or another replaces it", () => {
  for (const state of ["requested", "sent", "unknown"]) assert.ok(underWay(back(1, "p1", state)), state);
  for (const state of ["done", "failed", "replaced"]) assert.ok(!underWay(back(1, "p1", state)), state);
});

test("seats are worth their price, and all of them what is left", () => {
  assert.equal(worthOf(paid(), ["F8"]), 95_000);
  assert.equal(worthOf(paid({ refunds: [back(20_000)] }), ["F7", "F8"]), 150_000);
});

test("staff say how a refund ended once the gateway had its time, and never of one that has an end", () => {
  assert.ok(!closable(back(1), 9));
  assert.ok(!closable({ ...back(1), closable_at: 9 }, 8));
  assert.ok(closable({ ...back(1), closable_at: 9 }, 9));
});

test("a day is that of the place where the page is read", () => {
  assert.equal(dayOf(new Date(2026, 0, 9, 23, 59).getTime()), "2026-01-09");
});

test("an amount is read as people write it, and nothing else is", () => {
  for (const typed of ["90000", " 90.000", "90,000", "90 000"]) assert.equal(amountOf(typed), 90_000, typed);
  for (const typed of ["", "0", "-5", "9.5", "90.00", "1e5", "9,0000", "x"]) assert.equal(amountOf(typed), null, typed);
});
