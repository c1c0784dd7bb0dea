import assert from "node:assert/strict";
import { test } from "node:test";

import { backoff, BASE_MS, CAP_MS } from "../../static/js/core/backoff.js";
import { CLOSES, HTTP_ONLY, mayReconnect, REJECTIONS } from "../../static/js/core/codes.js";
import * as text from "../../static/js/core/text.js";

test("private close codes from 4000 to 4499 lead back, those from 4500 to 4999 do not", () => {
  for (const code of [4000, 4001, 4321, 4499]) assert.equal(mayReconnect(code), true, String(code));
  for (const code of [4500, 4501, 4777, 4999]) assert.equal(mayReconnect(code), false, String(code));
});

test("of the standard close codes those lead back that do not blame the client", () => {
  for (const code of [1001, 1005, 1006, 1011, 1012, 1013, 1014]) assert.equal(mayReconnect(code), true, String(code));
  for (const code of [1000, 1003, 1007, 1009]) assert.equal(mayReconnect(code), false, String(code));
});

test("no code is both on the socket and of HTTP alone", () => {
  assert.deepEqual(
    Object.keys(REJECTIONS).filter((code) => code in HTTP_ONLY),
    [],
  );
});

test("every rejection has words of its own", () => {
  const words = Object.keys(REJECTIONS).map((code) => text.refusal({ code, request: null }, ["F7"], 8));
  assert.equal(new Set(words).size, words.length);
  assert.ok(!words.includes(text.refusal({ code: "of a later server", request: null }, ["F7"], 8)));
});

test("a code that the page does not know is told in the server's words", () => {
  assert.equal(text.refusal({ code: "later", message: "Not on Mondays.", request: null }, [], 8), "Not on Mondays.");
});

test("every close code that ends a connection for good has words", () => {
  for (const code of Object.keys(CLOSES)
    .map(Number)
    .filter((each) => !mayReconnect(each))) {
    assert.ok(text.endings[code], String(code));
  }
});

test("the back-off doubles up to its cap and is spread over all of it", () => {
  assert.equal(backoff(0, 1), BASE_MS);
  assert.equal(backoff(3, 0.5), BASE_MS * 4);
  assert.equal(backoff(30, 1), CAP_MS);
  assert.equal(backoff(2000, 1), CAP_MS);
  assert.equal(backoff(7, 0), 0);
});
