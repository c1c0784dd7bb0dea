import assert from "node:assert/strict";
import { test } from "node:test";

import { Neighbours } from "../../static/js/core/geometry.js";

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
