import assert from "node:assert/strict";
import { test } from "node:test";

import { comeBack, connecting, live, of } from "./fake-client.js";
import { delta, snapshot, welcome } from "./fake-world.js";

test("the first connection asks for the JSON subprotocol and gives no position", () => {
  const { world } = connecting();
  assert.equal(world.socket.url.href, "ws://cinema.example/ws/showtimes/demo");
  assert.deepEqual(world.socket.protocols, ["seatmap.v1.json"]);
});

test("a display says that it will never lock", () => {
  const { world } = connecting({ display: true });
  assert.equal(world.socket.url.search, "?display=1");
});

test("the connection is live once the map stands, not at the welcome", () => {
  const { world, client } = connecting();
  world.socket.open();
  world.socket.say(welcome());
  assert.equal(client.status, "connecting");
  world.socket.say(snapshot());
  assert.equal(client.status, "live");
});

test("messages that come late but in order lead to the same map", () => {
  const { world, client } = live();
  world.socket.delay(delta(5, 6, [1, "L"]), delta(6, 7, [1, "A"], [2, "O"]), delta(7, 8, [0, "B"]));
  world.socket.arrive(1);
  assert.equal(client.map.seats, "ALAAAAAA");
  world.socket.arrive();
  assert.equal(client.map.seats, "BAOAAAAA");
});

test("a lost delta is asked for once, however many follow, and its answer closes the gap", () => {
  const { world, client } = live();
  world.socket.delay(delta(5, 6, [1, "L"]), delta(6, 7, [2, "L"]), delta(7, 8, [3, "L"]));
  world.socket.lose();
  world.socket.arrive();
  assert.deepEqual(world.socket.take(), [{ type: "resync", epoch: "e1", version: 5 }]);
  world.socket.say(delta(5, 8, [1, "L"], [2, "L"], [3, "L"]));
  assert.equal(client.map.seats, "ALLLAAAA");
  world.socket.say(delta(9, 10, [0, "L"]));
  assert.deepEqual(world.socket.take(), [{ type: "resync", epoch: "e1", version: 8 }]);
});

test("an empty answer to resync allows the next question", () => {
  const { world } = live();
  world.socket.say(delta(7, 8), delta(5, 5));
  world.socket.take();
  world.socket.say(delta(7, 8));
  assert.equal(world.socket.take().length, 1);
});

test("a resync that stays unanswered ends in a connection without position", () => {
  const { world } = live();
  world.socket.say(delta(7, 8));
  for (let i = 0; i < 3; i += 1) {
    world.pass(9_000);
    world.socket.say({ type: "viewers", count: i });
  }
  assert.equal(world.sockets.length, 2);
  assert.equal(world.socket.url.search, "");
});

test("deltas before the snapshot of a new epoch do not touch the map of the old one", () => {
  const { world, client } = live();
  world.socket.end(1012);
  const socket = comeBack(world, { epoch: "e2", version: 0 });
  socket.say(delta(5, 6, [0, "O"]));
  assert.equal(client.map.seats, "AAAAAAAA");
  assert.equal(client.status, "offline");
  socket.say(snapshot({ epoch: "e2", version: 0, seats: "LAAAAAAA" }));
  assert.equal(client.map.seats, "LAAAAAAA");
  assert.equal(client.status, "live");
});

test("after a passing end it comes back with its position, and an empty delta makes it live", () => {
  const { world, client, heard } = live();
  world.socket.say(delta(5, 9, [1, "L"]));
  world.socket.end(1006);
  assert.equal(client.status, "offline");
  const socket = comeBack(world, { version: 9 });
  assert.equal(socket.url.search, "?epoch=e1&version=9");
  socket.say(delta(9, 9));
  assert.deepEqual(
    of(heard, "status").map(({ status }) => status),
    ["offline", "live"],
  );
});

test("the waits between attempts grow with full jitter and start anew after a steady connection", () => {
  const { world, client } = live();
  world.pass(10_000);
  for (const expected of [125, 250, 500, 1_000, 2_000, 4_000, 5_000, 5_000]) {
    world.socket.end(1006);
    assert.equal((client.wakeAt ?? 0) - world.now, expected);
    world.pass(expected);
  }
  world.socket.open();
  world.socket.say(welcome(), delta(5, 5));
  world.pass(9_999);
  world.socket.end(4003);
  assert.equal((client.wakeAt ?? 0) - world.now, 5_000, "a connection of less than ten seconds proves nothing");
  world.pass(5_000);
  world.socket.open();
  world.socket.say(welcome(), delta(5, 5));
  world.pass(10_000);
  world.socket.end(4003);
  assert.equal((client.wakeAt ?? 0) - world.now, 125);
});

test("codes that forbid it lead to no further attempt, until a person starts again", () => {
  for (const code of [4501, 4502, 4503, 4504, 1003, 1007, 1009]) {
    const { world, client, connection } = live();
    world.socket.end(code);
    world.pass(1_000_000);
    assert.equal(world.sockets.length, 1, String(code));
    assert.deepEqual([client.status, client.endedWith, world.armed], ["ended", code, 0]);
    connection.start();
    assert.equal(world.sockets.length, 2);
  }
});

test("a person who comes back does not wait for the back-off", () => {
  const { world, connection } = live({}, { random: 0.99 });
  world.socket.end(1006);
  connection.start();
  assert.equal(world.sockets.length, 2);
  connection.start();
  assert.equal(world.sockets.length, 2, "one socket at a time");
});

test("a handshake or a catching up that hangs is given up after ten seconds", () => {
  const { world } = connecting({ random: 0 });
  const [first] = world.sockets;
  world.pass(10_000);
  assert.ok(first.closed);
  assert.equal(world.sockets.length, 2);
  world.socket.open();
  world.socket.say(welcome());
  world.pass(10_000);
  assert.equal(world.sockets.length, 3);
});

test("in silence it pings, and in silence after that it connects anew", () => {
  const { world, client } = live({}, { random: 0 });
  const [socket] = world.sockets;
  world.pass(19_999);
  assert.deepEqual(socket.take(), []);
  world.pass(1);
  assert.deepEqual(
    socket.take().map(({ type }) => type),
    ["ping"],
  );
  world.pass(19_999);
  assert.equal(client.status, "live");
  world.pass(1);
  assert.ok(socket.closed);
  assert.equal(world.sockets.length, 2);
});

test("any message breaks the silence, and a pong sets the clock", () => {
  const { world, client } = live();
  world.pass(15_000);
  world.socket.say({ type: "viewers", count: 3 });
  assert.equal(client.viewers, 3);
  world.pass(19_000);
  assert.deepEqual(world.socket.take(), []);
  world.pass(1_000);
  const [ping] = world.socket.take();
  world.pass(400);
  world.socket.say({ type: "pong", id: ping.id, server_at: 5_000_000 });
  assert.equal(client.clock.at(world.now), 5_000_200);
  world.pass(19_999);
  assert.deepEqual(world.socket.take(), []);
  assert.equal(world.sockets.length, 1);
  assert.equal(world.armed, 1, "one timer at a time");
});

test("what the old socket still says is not heard", () => {
  const { world, client } = live({}, { random: 0 });
  const [old] = world.sockets;
  world.pass(40_000);
  assert.equal(world.sockets.length, 2);
  old.say(delta(5, 6, [0, "O"]));
  old.end(4504);
  assert.equal(client.map.seats, "AAAAAAAA");
  assert.notEqual(client.status, "ended");
});

test("a message that cannot be read ends the connection and brings another", () => {
  for (const data of ["{", "7", "null", new ArrayBuffer(4)]) {
    const { world } = live({}, { random: 0 });
    world.socket.onmessage?.({ data });
    assert.ok(world.sockets[0].closed);
    world.pass(0);
    assert.equal(world.sockets.length, 2);
  }
});

test("messages of a later server are passed over", () => {
  const { world, client } = live();
  world.socket.say({ type: "fireworks", seats: "all" });
  assert.equal(client.status, "live");
});

test("a delta of a seat that the map lacks leads to a connection without position", () => {
  const { world } = live({}, { random: 0 });
  world.socket.say(delta(5, 6, [99, "L"]));
  assert.ok(world.sockets[0].closed);
  world.pass(0);
  assert.equal(world.socket.url.search, "");
});

test("a notice and the warning before an end are passed on", () => {
  const { world, heard } = live();
  world.socket.say({ type: "notice", code: "draining", message: "…" }, { type: "expiring", seats: [1], expires_at: 7 });
  assert.equal(of(heard, "notice")[0].code, "draining");
  assert.deepEqual(of(heard, "expiring"), [{ seats: [1], expires_at: 7 }]);
});
