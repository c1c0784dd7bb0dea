import assert from "node:assert/strict";
import { test } from "node:test";

import { words as en } from "../../static/js/core/words-staff-en.js";
import { words as vi } from "../../static/js/core/words-staff-vi.js";
import { destination } from "../../static/js/staff/destination.js";

/** @param {string} next */
const after = (next) => destination(`?next=${encodeURIComponent(next)}`);

test("whoever signs in comes back to the page of staff that they came for", () => {
  for (const page of ["/staff", "/staff/orders", "/staff/orders/o-1", "/staff/payments?state=open&page=2"]) {
    assert.equal(after(page), page);
  }
  assert.equal(destination(""), "/staff");
});

test("no link to the sign-in leads elsewhere", () => {
  const elsewhere = [
    "https://evil.example/staff",
    "//evil.example",
    "/staff//evil.example",
    "/\\evil.example",
    "/staff/../",
    "/staffing",
    "/",
    "javascript:alert(1)",
    "/staff/sign-in?next=/staff",
    "/staff\n/x",
    "",
  ];
  for (const next of elsewhere) assert.equal(after(next), "/staff", next);
});

test("both languages have the same words", () => {
  /** @param {object} words @param {string} path @returns {string[]} */
  const shape = (words, path = "") =>
    Object.entries(words).flatMap(([key, value]) =>
      typeof value === "object" ? shape(value, `${path}${key}.`) : [`${path}${key}: ${typeof value}`],
    );
  assert.deepEqual(shape(vi), shape(en));
});
