import assert from "node:assert/strict";
import { test } from "node:test";

import { SeatMap } from "../../static/js/core/seatmap.js";

/** @param {string} seats @param {number} version */
function mapOf(seats, version) {
  const map = new SeatMap();
  map.replace({ epoch: "e1", version, seats });
  return map;
}

/** @param {SeatMap} map */
function recordChanges(map) {
  /** @type {any[]} */
  const heard = [];
  map.addEventListener("change", (event) => heard.push(/** @type {CustomEvent} */ (event).detail.changes));
  return heard;
}

test("a delta that starts at or before the map and ends beyond it is applied", () => {
  const map = mapOf("AAAA", 5);
  assert.equal(map.apply({ from: 5, version: 6, changes: [[1, "L"]] }), "applied");
  assert.equal(
    map.apply({
      from: 2,
      version: 8,
      changes: [
        [1, "A"],
        [3, "O"],
      ],
    }),
    "applied",
  );
  assert.equal(map.seats, "AAAO");
  assert.equal(map.version, 8);
});

test("a delta that ends at or before the map is stale and changes nothing", () => {
  const map = mapOf("ALAA", 5);
  assert.equal(map.apply({ from: 3, version: 5, changes: [[1, "A"]] }), "stale");
  assert.equal(map.apply({ from: 3, version: 4, changes: [[1, "A"]] }), "stale");
  assert.equal(map.seats, "ALAA");
});

test("a delta that starts beyond the map, or names a seat that is not there, is a gap and changes nothing", () => {
  const map = mapOf("AAAA", 5);
  assert.equal(map.apply({ from: 6, version: 7, changes: [[1, "L"]] }), "gap");
  assert.equal(
    map.apply({
      from: 5,
      version: 6,
      changes: [
        [0, "L"],
        [4, "L"],
      ],
    }),
    "gap",
  );
  assert.equal(map.apply({ from: 5, version: 6, changes: [[-1, "L"]] }), "gap");
  assert.equal(map.seats, "AAAA");
  assert.equal(map.version, 5);
});

test("an empty delta raises the version", () => {
  const map = mapOf("AAAA", 5);
  assert.equal(map.apply({ from: 5, version: 9, changes: [] }), "applied");
  assert.equal(map.version, 9);
});

test("a snapshot replaces the map, even by an earlier version", () => {
  const map = mapOf("LLLL", 9);
  map.replace({ epoch: "e2", version: 0, seats: "AOA" });
  assert.deepEqual([map.epoch, map.version, map.seats, map.size], ["e2", 0, "AOA", 3]);
  assert.equal(map.at(3), undefined);
});

test("a change names only the seats whose letter is another", () => {
  const map = mapOf("AALA", 5);
  const heard = recordChanges(map);
  map.apply({
    from: 4,
    version: 6,
    changes: [
      [1, "L"],
      [2, "L"],
    ],
  });
  map.replace({ epoch: "e1", version: 7, seats: "AALO" });
  assert.deepEqual(heard, [
    [[1, "L"]],
    [
      [1, "A"],
      [3, "O"],
    ],
  ]);
});

/**
 * One delta with the effect of all, as servers send it.
 *
 * @param {import("../../static/js/core/types.js").Delta[]} deltas
 */
function folded(deltas) {
  const letters = new Map(deltas.flatMap(({ changes }) => changes));
  return { from: deltas[0].from, version: deltas[deltas.length - 1].version, changes: [...letters] };
}

test("deltas folded in any grouping lead every joiner to the same map", () => {
  let seed = 20_260_401;
  const random = () => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
  const pick = (/** @type {number} */ below) => Math.floor(random() * below);
  for (let round = 0; round < 200; round += 1) {
    const truth = mapOf("A".repeat(12), 0);
    const snapshots = [{ epoch: "e1", version: 0, seats: truth.seats }];
    const deltas = [];
    for (let version = 1; version <= 20; version += 1) {
      /** @type {[number, string][]} */
      const changes = random() < 0.2 ? [] : [[pick(12), "ALOB"[pick(4)]]];
      deltas.push({ from: version - 1, version, changes });
      truth.apply(deltas[version - 1]);
      snapshots.push({ epoch: "e1", version, seats: truth.seats });
    }
    const joiner = new SeatMap();
    joiner.replace(snapshots[pick(21)]);
    for (let i = 0; i < 20;) {
      const size = 1 + pick(5);
      joiner.apply(folded(deltas.slice(i, i + size)));
      i += size;
    }
    assert.equal(joiner.seats, truth.seats, `round ${round}`);
    assert.equal(joiner.version, 20);
  }
});
