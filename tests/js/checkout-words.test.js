import assert from "node:assert/strict";
import { test } from "node:test";

import { customerOf, faults } from "../../static/js/core/customer.js";
import { ApiError, NetworkError } from "../../static/js/core/http.js";
import { languageOf, wordsOf } from "../../static/js/core/language.js";
import { refusalOf } from "../../static/js/core/refusal.js";

const [en, vi] = [wordsOf("en"), wordsOf("vi")];
const money = (/** @type {number} */ amount) => `${amount} VND`;

/** @param {any} words @param {string} [path] @returns {string[]} where each text stands, and what kind it is */
function shape(words, path = "") {
  if (words === null || typeof words !== "object") return [`${path}: ${typeof words}`];
  return Object.keys(words).flatMap((key) => shape(words[key], `${path}.${key}`)).sort();
}

/** @param {any} words @param {string} [path] @returns {[string, string][]} */
function texts(words, path = "") {
  if (typeof words === "string") return [[path, words]];
  if (typeof words === "function") return [];
  return Object.entries(words).flatMap(([key, value]) => texts(value, `${path}.${key}`));
}

test("both languages say everything", () => {
  assert.deepEqual(shape(vi), shape(en));
  for (const [path, text] of [...texts(en), ...texts(vi)]) assert.notEqual(text.trim(), "", path);
});

test("no sentence was left untranslated", () => {
  const english = new Map(texts(en));
  const same = texts(vi).filter(([path, text]) => text.includes(" ") && english.get(path) === text);
  assert.deepEqual(same, []);
});

test("the language is the one that was chosen, else the browser's first that is spoken here, else English", () => {
  assert.equal(languageOf("vi", ["en-GB"]), "vi");
  assert.equal(languageOf(null, ["fr", "vi-VN", "en"]), "vi");
  assert.equal(languageOf("xx", ["en-US", "vi"]), "en");
  assert.equal(languageOf(null, ["fr"]), "en");
});

test("a form is asked for an address that mail can go to, and for no more", () => {
  const fine = { email: " lan.anh+film@mail.example.com ", phone: "", name: "" };
  assert.deepEqual(faults(fine), {});
  for (const email of ["", "   "]) assert.deepEqual(faults({ ...fine, email }), { email: "email_missing" });
  for (const email of ["lan", "lan@", "lan@example", "@example.com", "a b@example.com", "a@b..com", "<a@b.com>"]) {
    assert.deepEqual(faults({ ...fine, email }), { email: "email_odd" }, email);
  }
  for (const phone of ["0912 345 678", "+84 912.345.678", "(091) 234-5678"]) {
    assert.deepEqual(faults({ ...fine, phone }), {}, phone);
  }
  for (const phone of ["912", "+0123456789", "0912-345-67x"]) assert.deepEqual(faults({ ...fine, phone }), { phone: "phone_odd" });
  assert.deepEqual(faults({ ...fine, name: "x".repeat(101) }), { name: "name_long" });
});

test("what is sent is trimmed, and what was left empty is left out", () => {
  assert.deepEqual(customerOf({ email: " a@b.vn ", phone: " ", name: "" }, "vi"), { email: "a@b.vn", locale: "vi" });
  assert.deepEqual(customerOf({ email: "a@b.vn", phone: "0912 345 678", name: " Lan " }, "en"), {
    email: "a@b.vn",
    phone: "0912345678",
    name: "Lan",
    locale: "en",
  });
});

test("each refusal is told by its code, with what it carries", () => {
  const told = (/** @type {number} */ status, /** @type {object} */ problem) =>
    refusalOf(new ApiError(status, problem), en, money);
  assert.match(told(410, { code: "gone", seats: ["F7", "F8"] }).words, /F7 and F8 ran out/u);
  assert.match(told(409, { code: "not_held", seats: ["F7"] }).words, /^F7 is not yours/u);
  assert.match(told(409, { code: "conflict", total: 95_000 }).words, /95000 VND/u);
  assert.deepEqual(told(409, { code: "conflict", order: "o1" }), {
    code: "conflict",
    words: en.refusal.conflict,
    order: "o1",
  });
  assert.equal(told(409, { code: "conflict" }).words, en.refusal.taken);
  assert.equal(told(503, { code: "unavailable" }).words, en.refusal.unavailable);
  assert.equal(told(502, {}).words, en.refusal.unavailable);
  assert.equal(told(418, { code: "teapot" }).words, en.refusal.other);
  assert.equal(refusalOf(new NetworkError(null), vi, money).words, vi.refusal.network);
});
