import assert from "node:assert/strict";
import { test } from "node:test";

import { ServerClock } from "../../static/js/core/clock.js";
import { Holds } from "../../static/js/core/holds.js";
import { hold } from "./fake-world.js";

const LIMITS = { hold_ms: 900_000, max_hold_ms: 1_800_000 };

/** @param {Holds} holds */
const seats = (holds) => holds.list.map(({ seat }) => seat);

test("within an epoch the list of the greater version stands, whichever comes last", () => {
  const holds = new Holds();
  assert.equal(holds.replace("e1", 7, [hold(2)]), true);
  assert.equal(holds.replace("e1", 6, [hold(1)]), false);
  assert.deepEqual(seats(holds), [2]);
  assert.equal(holds.replace("e1", 7, [hold(2), hold(3)]), true);
  assert.deepEqual(seats(holds), [2, 3]);
});

test("a new epoch starts afresh, with smaller versions", () => {
  const holds = new Holds();
  holds.replace("e1", 700, [hold(2)]);
  assert.equal(holds.replace("e2", 1, []), true);
  assert.deepEqual(seats(holds), []);
});

test("a change names the seats that were gained, lost or given another time, and nothing is said of none", () => {
  const holds = new Holds();
  /** @type {any[]} */
  const heard = [];
  holds.addEventListener("change", (event) => heard.push(/** @type {CustomEvent} */ (event).detail.seats));
  holds.replace("e1", 1, [hold(1), hold(2), hold(3)]);
  holds.replace("e1", 2, [hold(2, { expires_at: 2_000_000 }), hold(3), hold(4)]);
  holds.replace("e1", 3, [hold(4), hold(3), hold(2, { expires_at: 2_000_000 })]);
  holds.replace("e1", 4, [hold(4), hold(3, { order: "o1" }), hold(2, { expires_at: 2_000_000 })]);
  assert.deepEqual(heard, [[1, 2, 3], [1, 2, 4], [3]]);
});

test("what is left is counted to the first seat that ends, not below zero, and not for seats in payment", () => {
  const holds = new Holds();
  assert.equal(holds.remaining(0), null);
  holds.replace("e1", 1, [
    hold(1, { expires_at: 500 }),
    hold(2, { expires_at: 300 }),
    hold(3, { expires_at: 100, order: "o1" }),
  ]);
  assert.equal(holds.remaining(100), 200);
  assert.equal(holds.remaining(900), 0);
});

test("more time can be asked for until the cap from the first lock is reached", () => {
  const holds = new Holds();
  holds.replace("e1", 1, [hold(1, { first_at: 0, expires_at: 900_000 })]);
  assert.equal(holds.extendable(0, LIMITS), false);
  assert.equal(holds.extendable(1_000, LIMITS), true);
  holds.replace("e1", 2, [hold(1, { first_at: 0, expires_at: 1_800_000 })]);
  assert.equal(holds.extendable(1_700_000, LIMITS), false);
});

test("the server's clock is learned as the middle of a question's journey", () => {
  const clock = new ServerClock();
  clock.learn(5_000, 1_000);
  assert.equal(clock.at(2_000), 6_000);
  clock.learn(5_100, 1_200, 1_000);
  assert.equal(clock.offset, 4_000);
});
