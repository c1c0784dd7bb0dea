import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { backoff, BASE_MS, CAP_MS } from "../../static/js/core/backoff.js";
import { Client } from "../../static/js/core/client.js";
import { CLOSES, HTTP_ONLY, mayReconnect, REJECTIONS } from "../../static/js/core/codes.js";
import { SeatMap } from "../../static/js/core/seatmap.js";
import { hold, snapshot, welcome } from "./fake-world.js";

/** @param {string} name */
const vectors = (name) => JSON.parse(readFileSync(new URL(`../vectors/${name}.json`, import.meta.url), "utf8"));

for (const { name, snapshot: start, deltas, outcomes, result } of vectors("seatmap").cases) {
  test(`seat map: ${name}`, () => {
    const map = new SeatMap();
    map.replace(start);
    assert.deepEqual(
      deltas.map((/** @type {any} */ delta) => map.apply(delta)),
      outcomes,
    );
    assert.deepEqual({ version: map.version, seats: map.seats }, result);
  });
}

for (const { name, direction, message, json } of vectors("messages").cases) {
  test(`${direction}: ${name}`, () => {
    assert.deepEqual(JSON.parse(json), message);
    if (direction !== "from_server") return;
    const client = new Client({ showtime: "demo" });
    client.start(0);
    client.opened(0);
    client.received(JSON.stringify(welcome()), 0);
    client.received(JSON.stringify(snapshot({ seats: "A".repeat(65_537) })), 0);
    const effects = client.received(json, 0);
    assert.ok(!effects.some(({ kind }) => kind === "drop"), "the client gave the connection up");
  });
}

test("what the client asks has the form of the messages that the server reads", () => {
  const forms = new Map();
  for (const { direction, message } of vectors("messages").cases) {
    if (direction !== "from_client") continue;
    forms.set(message.type, new Set([...(forms.get(message.type) ?? []), ...Object.keys(message)]));
  }
  const client = new Client({ showtime: "demo" });
  client.start(0);
  client.opened(0);
  const { received } = Client.prototype;
  const effects = [
    welcome({ receipt: "r1", holds: [hold(1)] }),
    snapshot(),
    { type: "delta", from: 90, version: 91, changes: [] },
  ].flatMap((message) => received.call(client, JSON.stringify(message), 0));
  effects.push(...client.lock([1], 0), ...client.unlock([1], 0), ...client.unlock(undefined, 0), ...client.extend(0));
  effects.push(...received.call(client, JSON.stringify(snapshot({ epoch: "e2" })), 0), ...client.tick(20_000));
  const asked = effects.flatMap((effect) => (effect.kind === "send" ? [JSON.parse(effect.text)] : []));
  assert.deepEqual(
    asked.map(({ type }) => type),
    ["resync", "lock", "unlock", "unlock", "extend", "restore", "ping"],
  );
  for (const message of asked) {
    const unknown = Object.keys(message).filter((field) => !forms.get(message.type)?.has(field));
    assert.deepEqual(unknown, [], message.type);
  }
});

test("the page's codes are the server's", () => {
  const { rejections, http_only, closes } = vectors("codes");
  assert.deepEqual({ ...REJECTIONS }, rejections);
  assert.deepEqual({ ...HTTP_ONLY }, http_only);
  for (const [code, { name, reconnect }] of Object.entries(closes)) {
    assert.equal(mayReconnect(Number(code)), reconnect, code);
    if (Number(code) >= 4000) assert.equal(CLOSES[Number(code)], name);
  }
  const known = Object.keys(closes).filter((code) => Number(code) >= 4000);
  assert.deepEqual(Object.keys(CLOSES).sort(), known.sort());
});

test("the page backs off as other clients do", () => {
  const { base_ms, cap_ms, cases } = vectors("backoff");
  assert.deepEqual([BASE_MS, CAP_MS], [base_ms, cap_ms]);
  for (const { attempt, random, delay_ms } of cases) assert.equal(backoff(attempt, random), delay_ms);
});
