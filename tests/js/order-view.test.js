import assert from "node:assert/strict";
import { test } from "node:test";

import { lookAgain, viewOf } from "../../static/js/core/order-view.js";
import { order, refund, ticket } from "./fake-orders.js";

/** @type {[string, object, string][]} state, what else is so, stage */
const STAGES = [
  ["open", {}, "open"],
  ["open", { payment: { gateway: "momo", state: "failed" } }, "unpaid"],
  ["open", { expires_at: 1000 }, "closing"],
  ["paid", { tickets: [ticket("F7")] }, "paid"],
  ["expired", {}, "expired"],
  ["expired", { payment: { gateway: "momo", state: "failed" } }, "expired"],
  ["expired", { payment: { gateway: "momo", state: "paid" } }, "late"],
  ["cancelled", {}, "cancelled"],
  ["review", {}, "review"],
  ["refunding", { refunds: [refund({ reason: "paid late, seats gone" })] }, "too_late"],
  ["refunding", { refunds: [refund({ reason: "paid after cancellation" })] }, "returning"],
  ["refunding", { refunds: [refund({ seats: ["F7"] })], tickets: [ticket("F8")] }, "part_returning"],
  ["partly_refunded", { refunds: [refund()], tickets: [ticket("F8")] }, "partly_refunded"],
  ["refunded", { refunds: [refund()] }, "refunded"],
  ["refunded", { refunds: [refund({ reason: "paid late, seats gone" })] }, "too_late_returned"],
  ["of later times", {}, "review"],
];

for (const [state, more, stage] of STAGES) {
  test(`an order that is ${state}, with ${JSON.stringify(more)}, is told as ${stage}`, () => {
    assert.equal(viewOf(order({ state, ...more }), 1000).stage, stage);
  });
}

test("only an order whose time is not over is offered for payment", () => {
  const pays = STAGES.filter(([state, more]) => viewOf(order({ state, ...more }), 1000).pays).map(([, , stage]) => stage);
  assert.deepEqual(pays, ["open", "unpaid"]);
});

test("what nothing more is expected of is not asked about", () => {
  const quiet = STAGES.filter(([state, more]) => viewOf(order({ state, ...more }), 1000).poll === null);
  assert.deepEqual(
    quiet.map(([, , stage]) => stage),
    ["paid", "partly_refunded", "refunded", "too_late_returned"],
  );
});

test("a payment is looked for soon at first, then more seldom, and right after the deadline", () => {
  const view = viewOf(order({ state: "open" }), 1000);
  const pauses = [0, 1, 2, 3, 4, 5, 6, 50].map((unchanged) => lookAgain(view, unchanged, 600_000) ?? 0);
  assert.deepEqual(pauses, [...pauses].sort((a, b) => a - b));
  assert.deepEqual([pauses[0], pauses[7]], [1000, 8000]);
  assert.equal(lookAgain(view, 50, 300), 1300);
  assert.equal(lookAgain(viewOf(order({ state: "paid" }), 1000), 0, 0), null);
});
