import assert from "node:assert/strict";
import { test } from "node:test";

import { ApiError, NetworkError } from "../../static/js/core/http.js";
import { OrderWatch } from "../../static/js/core/order-watch.js";
import { order, ticket } from "./fake-orders.js";
import { World } from "./fake-world.js";

const SILENCE = new NetworkError(new TypeError("failed to fetch"));

/** A watch in a world of its own; `answers` are given by hand. */
function watching() {
  const world = new World();
  /** @type {{resolve: (order: any) => void, reject: (error: Error) => void}[]} */
  const asked = [];
  const read = () => new Promise((resolve, reject) => asked.push({ resolve, reject }));
  const watch = new OrderWatch(/** @type {any} */ (read), { timers: world.outside.timers, now: () => world.now });
  /** @type {string[]} */
  const heard = [];
  watch.addEventListener("change", () => heard.push(watch.view?.stage ?? ""));
  watch.addEventListener("failure", () => heard.push("failure"));
  /** @param {object | Error} [what] of the order, or the failure */
  const answer = async (what = {}) => {
    const { resolve, reject } = /** @type {typeof asked[0]} */ (asked.shift());
    if (what instanceof Error) reject(what);
    else resolve(order({ expires_at: world.now + 300_000, ...what }));
    await new Promise(setImmediate);
  };
  void watch.look();
  return { world, watch, asked, answer, heard };
}

test("a payment is waited for, and nothing is asked once it is there", async () => {
  const { world, asked, answer, heard } = watching();
  await answer();
  world.pass(1000);
  await answer();
  world.pass(1500);
  await answer({ state: "paid", tickets: [ticket("F7")] });
  assert.deepEqual(heard, ["open", "open", "paid"]);
  assert.equal(world.armed, 0);
  world.pass(3_600_000);
  assert.equal(asked.length, 0);
});

test("the deadline is counted by the server's clock", async () => {
  const { world, watch, answer } = watching();
  await answer({ server_at: world.now + 100_000, expires_at: world.now + 160_000 });
  assert.equal(watch.left, 60_000);
  world.pass(60_000);
  assert.equal(watch.view?.stage, "closing");
});

test("no answer is told, and asked for again, more and more seldom", async () => {
  const { world, asked, answer, heard } = watching();
  await answer(SILENCE);
  world.pass(2_999);
  assert.equal(asked.length, 0);
  world.pass(1);
  await answer(new ApiError(503, { code: "unavailable" }));
  world.pass(5_999);
  assert.equal(asked.length, 0);
  world.pass(1);
  await answer();
  assert.deepEqual(heard, ["failure", "failure", "open"]);
});

test("an order that is not to be seen is not asked for again", async () => {
  const { world, answer, heard } = watching();
  await answer(new ApiError(404, { code: "not_found" }));
  assert.deepEqual(heard, ["failure"]);
  assert.equal(world.armed, 0);
});

test("an answer that was overtaken says nothing: what was given up stays so", async () => {
  const { watch, answer, heard } = watching();
  await answer();
  void watch.look();
  watch.take(order({ state: "cancelled" }));
  await answer({ state: "open" });
  assert.deepEqual(heard, ["open", "cancelled"]);
});

test("an answer to a press of a button keeps what it does not tell", async () => {
  const { watch, answer } = watching();
  await answer({ gateways: [{ id: "momo", name: "MoMo" }] });
  watch.take(order());
  assert.deepEqual(watch.order?.gateways, [{ id: "momo", name: "MoMo" }]);
});
