import assert from "node:assert/strict";
import { test } from "node:test";

import { ApiError, NetworkError } from "../../static/js/core/http.js";
import { Intent, TRIES } from "../../static/js/core/intent.js";

/** @param {number} status @param {string} code @param {object} [more] */
const problem = (status, code, more = {}) => new ApiError(status, { code, ...more });
const SILENCE = new NetworkError(new TypeError("failed to fetch"));

/** An intent whose server answers in turn. @param {...(Error | string)} answers */
function asking(...answers) {
  /** @type {string[]} */
  const keys = [];
  /** @type {number[]} */
  const waits = [];
  const intent = new Intent({ wait: async (ms) => void waits.push(ms), random: () => 0.5 });
  /** @param {unknown} wanted */
  const press = (wanted) =>
    intent.pursue(wanted, async (key) => {
      keys.push(key);
      const answer = answers.shift();
      if (answer instanceof Error) throw answer;
      return answer;
    });
  return { press, keys, waits };
}

test("what may pass is asked again under the same key, until there is an answer", async () => {
  const { press, keys, waits } = asking(SILENCE, problem(503, "unavailable"), problem(409, "idempotency_in_progress"), "order");
  assert.equal(await press({ seats: ["F7"] }), "order");
  assert.equal(keys.length, 4);
  assert.equal(new Set(keys).size, 1);
  assert.match(keys[0], /^[0-9a-f]{32}$/u);
  assert.equal(waits.length, 3);
});

test("the server says how long to wait", async () => {
  const { press, waits } = asking(problem(429, "rate_limited", { retry_after_ms: 4000 }), "order");
  await press(1);
  assert.deepEqual(waits, [4000]);
});

test("a person who is told that no answer came, and presses again, asks for the same thing", async () => {
  const { press, keys } = asking(...Array(TRIES).fill(SILENCE), "order");
  await assert.rejects(press({ seats: ["F7"] }), NetworkError);
  assert.equal(keys.length, TRIES);
  assert.equal(await press({ seats: ["F7"] }), "order");
  assert.equal(new Set(keys).size, 1);
});

test("another wish has another key, and so has the same one after it was answered or refused", async () => {
  const { press, keys } = asking(...Array(TRIES).fill(SILENCE), "order", problem(410, "gone"), "order", "order");
  await assert.rejects(press("F7"), NetworkError);
  await press("F8");
  await assert.rejects(press("F8"), ApiError);
  await press("F8");
  await press("F8");
  assert.equal(new Set(keys).size, 5);
});

test("a refusal is not asked twice", async () => {
  const { press, keys } = asking(problem(409, "conflict", { total: 1 }));
  await assert.rejects(press(1), (error) => error instanceof ApiError && error.code === "conflict");
  assert.equal(keys.length, 1);
});
