import assert from "node:assert/strict";
import { test } from "node:test";

import { NetworkError } from "../../static/js/core/api.js";
import { comeBack, connecting, live, of } from "./fake-client.js";
import { delta, hold, snapshot, welcome } from "./fake-world.js";

const AUTHENTICATED = { type: "authenticated", can_lock: true, holds: [], holds_version: 5 };

/** A newcomer whose session is asked for and has not come. */
const newcomer = () => live({ can_lock: false });

test("a newcomer has one session opened and becomes a holder on the same socket", async () => {
  const { world, client, heard } = newcomer();
  assert.equal(world.sessions.length, 1);
  await world.answerSession("t");
  const [auth, ...more] = world.socket.take();
  assert.deepEqual([auth, more], [{ type: "auth", token: "t", id: auth.id }, []]);
  assert.equal(client.canLock, false);
  world.socket.say({ ...AUTHENTICATED, id: auth.id, holds: [hold(3)] });
  assert.deepEqual([client.canLock, client.holds.has(3), world.sockets.length], [true, true, 1]);
  assert.equal(of(heard, "joined").length, 1);
});

test("who has a session, and who only displays, has none opened", () => {
  for (const [fields, options] of /** @type {const} */ ([
    [{}, {}],
    [{ can_lock: false }, { display: true }],
  ])) {
    const { world } = live(fields, options);
    assert.deepEqual([world.sessions.length, world.socket.take()], [0, []]);
  }
});

test("what is chosen before the session is there is pending, and sent once, right behind the token", async () => {
  const { world, client, connection, heard } = newcomer();
  connection.lock([2]);
  connection.lock([4, 5]);
  assert.deepEqual(
    [2, 3, 4, 5].map((seat) => client.requests.pending(seat)),
    [true, false, true, true],
  );
  assert.deepEqual([world.socket.take(), world.sessions.length], [[], 1]);
  await world.answerSession("t");
  const [auth, first, second, ...more] = world.socket.take();
  assert.deepEqual([auth.type, first.seats, second.seats, more], ["auth", [2], [4, 5], []]);
  world.socket.say({ ...AUTHENTICATED, id: auth.id });
  world.socket.say({ type: "locked", id: first.id, version: 6, seats: [2], holds: [hold(2)], holds_version: 6 });
  world.socket.say(delta(5, 6, [2, "L"]));
  assert.deepEqual([client.requests.pending(2), client.holds.has(2)], [false, true]);
  assert.deepEqual(of(heard, "refused"), []);
  connection.lock([3]);
  assert.deepEqual(
    world.socket.take().map(({ type }) => type),
    ["lock"],
    "a holder needs no token",
  );
});

test("a session that cannot be opened refuses what waited for it, and the next choice tries again", async () => {
  const { world, client, connection, heard } = newcomer();
  connection.lock([2]);
  await world.answerSession(new NetworkError("down"));
  assert.deepEqual(
    of(heard, "refused").map(({ code, seats }) => [code, seats]),
    [["no_session", [2]]],
  );
  assert.equal(of(heard, "unjoined").length, 1);
  assert.equal(client.requests.pending(2), false);
  connection.lock([3]);
  assert.equal(client.requests.pending(3), true);
  await world.answerSession("t");
  assert.deepEqual(
    world.socket.take().map(({ type }) => type),
    ["auth", "lock"],
  );
});

test("what waited for a session when the connection ended is refused, and is not sent later", async () => {
  const { world, client, connection, heard } = newcomer();
  connection.lock([2]);
  world.socket.end(1006);
  assert.equal(of(heard, "refused")[0].code, "offline");
  assert.equal(client.requests.pending(2), false);
  await world.answerSession("t");
  const socket = comeBack(world, { can_lock: true });
  assert.deepEqual(socket.take(), []);
});

test("a connection that comes without the cookie is shown the token, as often as it takes", async () => {
  const { world } = connecting();
  world.socket.open();
  world.socket.say(welcome({ can_lock: false }));
  world.socket.end(1006);
  await world.answerSession("t");
  for (let times = 0; times < 2; times += 1) {
    const socket = comeBack(world, { can_lock: false });
    assert.deepEqual(
      socket.take().map(({ token }) => token),
      ["t"],
    );
    socket.end(1006);
  }
  assert.equal(world.sessions.length, 0);
});

test("a session that has ended is not shown again: another is opened", async () => {
  const { world, connection } = newcomer();
  await world.answerSession("old");
  world.socket.end(4501);
  connection.start();
  world.socket.open();
  world.socket.say(welcome({ can_lock: false }), snapshot());
  assert.equal(world.sessions.length, 1);
  await world.answerSession("new");
  assert.deepEqual(
    world.socket.take().map(({ token }) => token),
    ["new"],
  );
});

test("a token that the store could not be asked about is shown again with the next choice", async () => {
  const { world, connection, heard } = newcomer();
  await world.answerSession("t");
  const [{ id }] = world.socket.take();
  world.socket.say({ type: "rejected", id, code: "unavailable", message: "…", outcome: "none", retry_after_ms: 0 });
  assert.deepEqual(of(heard, "refused"), []);
  connection.lock([1]);
  assert.deepEqual(
    world.socket.take().map(({ type }) => type),
    ["auth", "lock"],
  );
});

test("who turns out to be no holder any more becomes one with the next choice", () => {
  const { world, connection, heard } = live();
  connection.lock([1]);
  const [{ id }] = world.socket.take();
  world.socket.say({ type: "rejected", id, code: "read_only", message: "…" });
  assert.equal(of(heard, "refused")[0].code, "read_only");
  connection.lock([1]);
  assert.deepEqual([world.socket.take(), world.sessions.length], [[], 1]);
});
