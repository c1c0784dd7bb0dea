import assert from "node:assert/strict";
import { test } from "node:test";

import { day, minutesSeconds, money, timeOfDay } from "../../static/js/core/format.js";

test("money is shown in major units by the digits of its currency", () => {
  assert.equal(money(90_000, "VND", "en-GB").replace(/\s/gu, ""), "₫90,000");
  assert.equal(money(1_250, "EUR", "en-GB"), "€12.50");
  assert.equal(money(1_250, "JPY", "en-GB"), "¥1,250");
});

test("times are those of the cinema's time zone, whatever the machine's", () => {
  const at = Date.UTC(2026, 10, 21, 18, 5);
  assert.equal(timeOfDay(at, "Asia/Ho_Chi_Minh", "en-GB"), "01:05");
  assert.equal(timeOfDay(at, "UTC", "en-GB"), "18:05");
  assert.match(day(at, "Asia/Ho_Chi_Minh", "en-GB", at), /^Sunday,? 22 November$/u);
  assert.match(day(at, "UTC", "en-GB", at), /^Saturday,? 21 November$/u);
});

test("a day of another year is told with it, by the calendar of the cinema", () => {
  const at = Date.UTC(2026, 11, 31, 18);
  assert.match(day(at, "Asia/Ho_Chi_Minh", "en-GB", at), /^Friday,? 1 January$/u);
  assert.match(day(at, "Asia/Ho_Chi_Minh", "en-GB", Date.UTC(2026, 11, 31, 16)), /^Friday,? 1 January 2027$/u);
  assert.match(day(at, "UTC", "en-GB", Date.UTC(2026, 0, 1)), /^Thursday,? 31 December$/u);
});

test("midnight is 00:00", () => {
  assert.equal(timeOfDay(Date.UTC(2026, 0, 1), "UTC", "en-GB"), "00:00");
});

test("what is left is shown to the nearest second, and nothing is less than zero", () => {
  assert.equal(minutesSeconds(900_080), "15:00");
  assert.equal(minutesSeconds(899_501), "15:00");
  assert.equal(minutesSeconds(899_499), "14:59");
  assert.equal(minutesSeconds(60_000), "1:00");
  assert.equal(minutesSeconds(999), "0:01");
  assert.equal(minutesSeconds(0), "0:00");
  assert.equal(minutesSeconds(-700), "0:00");
});
