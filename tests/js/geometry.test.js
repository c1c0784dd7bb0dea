import assert from "node:assert/strict";
import { test } from "node:test";

import { Neighbours, screenOf } from "../../static/js/core/geometry.js";

/** @param {number} index @param {string} row @param {number} x @param {number} y */
const seat = (index, row, x, y) => ({
  index,
  id: `${row}${index}`,
  row,
  number: index,
  x,
  y,
  kind: "standard",
  zone: "z",
});

// Row A has an aisle in the middle, row B is one seat at the far right, row C is full; given out of order.
const hall = new Neighbours([
  seat(6, "C", 3, 3),
  seat(4, "C", 1, 3),
  seat(5, "C", 2, 3),
  seat(7, "C", 4, 3),
  seat(3, "B", 6, 2),
  seat(0, "A", 1, 1),
  seat(1, "A", 2, 1),
  seat(2, "A", 4, 1),
]);

test("left and right move along the row, over an aisle, and stop at its ends", () => {
  assert.equal(hall.next(1, "ArrowRight"), 2);
  assert.equal(hall.next(2, "ArrowLeft"), 1);
  assert.equal(hall.next(2, "ArrowRight"), null);
  assert.equal(hall.next(0, "ArrowLeft"), null);
});

test("up and down lead to the nearest seat, past rows that have none near", () => {
  assert.equal(hall.next(1, "ArrowDown"), 5);
  assert.equal(hall.next(7, "ArrowUp"), 2);
  assert.equal(hall.next(0, "ArrowUp"), null);
  assert.equal(hall.next(5, "ArrowDown"), null);
});

test("where no seat is near, the next row's nearest will do", () => {
  assert.equal(hall.next(3, "ArrowDown"), 7);
  assert.equal(hall.next(3, "ArrowUp"), 2);
});

test("Home and End lead to the ends of the row, other keys nowhere", () => {
  assert.equal(hall.next(6, "Home"), 4);
  assert.equal(hall.next(5, "End"), 7);
  assert.equal(hall.next(5, "x"), null);
  assert.equal(hall.next(99, "Home"), null);
});

test("rows run from the screen backwards, each from left to right", () => {
  assert.deepEqual(
    hall.rows.map((row) => row.map(({ index }) => index)),
    [[0, 1, 2], [3], [4, 5, 6, 7]],
  );
});

const STEEP = Math.PI / 6;

/** @param {number} index @param {number} along @param {object} [fields] on a line that falls by thirty degrees */
const sloping = (index, along, fields) => ({
  ...seat(index, "S", along * Math.cos(STEEP), along * Math.sin(STEEP)),
  ...fields,
});

test("a seat is turned as its row runs there, but not by what is beyond an aisle", () => {
  const seats = [sloping(0, 0), sloping(1, 1), sloping(2, 2), seat(3, "S", 9, 0), seat(4, "S", 10, 0)];
  const rows = new Neighbours(seats);
  const degrees = seats.map((each) => Math.round((rows.slope(each) * 180) / Math.PI));
  assert.deepEqual(degrees, [30, 30, 30, 0, 0]);
  assert.equal(new Neighbours([seat(7, "T", 1, 1)]).slope(seat(7, "T", 1, 1)), 0, "alone in its row");
});

test("both halves of a couple seat are turned alike, however their row is bent", () => {
  const seats = [
    seat(0, "S", -1.2, 0),
    sloping(1, 0, { kind: "couple", pair: "S2" }),
    sloping(2, 0.8, { kind: "couple", pair: "S1" }),
    seat(3, "S", 1.9, 0.4),
  ];
  const rows = new Neighbours(seats);
  for (const half of seats.slice(1, 3)) assert.ok(Math.abs(rows.slope(half) - STEEP) < 1e-9);
});

test("the screen stands before the seats that face it, between the arms of a deep arc", () => {
  const level = [1, 2, 3, 4, 5, 6, 7, 8, 9].map((x) => seat(x, "A", x, 4));
  assert.deepEqual(screenOf({ seats: level, width: 10 }), { x: 5, bottom: 2.6, width: 6.2 });
  const arms = [seat(10, "B", 1, 0), seat(11, "B", 9, 0)];
  assert.equal(screenOf({ seats: [...level, ...arms], width: 10 }).bottom, 2.6);
  assert.equal(screenOf({ seats: arms, width: 10 }).bottom, -1.4, "nobody faces it");
  assert.equal(screenOf({ seats: level, width: 1_000 }).width, 22);
});
