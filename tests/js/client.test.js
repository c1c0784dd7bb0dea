import assert from "node:assert/strict";
import { test } from "node:test";

import { comeBack, live, of } from "./fake-client.js";
import { delta, hold, snapshot, welcome } from "./fake-world.js";

test("a lock is pending until its answer, and then until the map has caught up with it", () => {
  const { world, client, connection, heard } = live();
  connection.lock([2, 3]);
  const [asked] = world.socket.take();
  assert.deepEqual(asked, { type: "lock", seats: [2, 3], mode: "all", id: asked.id });
  assert.equal(client.requests.pending(2), true);
  assert.equal(client.holds.has(2), false, "only `locked` is a promise");
  const answer = {
    type: "locked",
    id: asked.id,
    version: 6,
    seats: [2, 3],
    holds: [hold(2), hold(3)],
    holds_version: 6,
    receipt: "r",
  };
  world.socket.say(answer);
  assert.equal(client.holds.has(2), true);
  assert.equal(client.requests.pending(2), true);
  world.socket.say(delta(5, 6, [2, "L"], [3, "L"]));
  assert.equal(client.requests.pending(2), false);
  assert.deepEqual(
    of(heard, "granted").map(({ request, seats }) => [request.type, seats]),
    [["lock", [2, 3]]],
  );
});

test("an answer that comes after its delta settles at once", () => {
  const { world, client, connection } = live();
  connection.lock([2]);
  const [{ id }] = world.socket.take();
  world.socket.say(delta(5, 6, [2, "L"]));
  world.socket.say({ type: "locked", id, version: 6, seats: [2], holds: [hold(2)], holds_version: 6, receipt: "r" });
  assert.equal(client.requests.pending(2), false);
});

test("a refusal ends the pending and says what was asked and which seats were not free", () => {
  const { world, client, connection, heard } = live();
  connection.lock([2, 3]);
  const [{ id }] = world.socket.take();
  world.socket.say({ type: "rejected", id, code: "seats_unavailable", message: "…", seats: [3] });
  assert.equal(client.requests.pending(2), false);
  const [refusal] = of(heard, "refused");
  assert.deepEqual([refusal.code, refusal.seats, refusal.request.seats], ["seats_unavailable", [3], [2, 3]]);
});

test("what is asked while the connection is away is refused here and sent to nobody", () => {
  const { world, connection, heard } = live();
  world.socket.end(1006);
  connection.lock([2]);
  assert.deepEqual(world.socket.take(), []);
  assert.equal(of(heard, "refused")[0].code, "offline");
});

test("a question that the connection took with it is pending no longer", () => {
  const { world, client, connection } = live();
  connection.lock([2]);
  world.socket.end(1006);
  assert.equal(client.requests.pending(2), false);
  comeBack(world, { holds: [hold(2)], holds_version: 6 });
  assert.equal(client.holds.has(2), true, "the welcome tells what became of it");
});

test("holds of another tab are taken over, older ones are not", () => {
  const { world, client, heard } = live();
  world.socket.say(
    { type: "holds", holds: [hold(1)], holds_version: 8 },
    { type: "holds", holds: [], holds_version: 7 },
  );
  assert.equal(client.holds.has(1), true);
  world.socket.say({ type: "expired", seats: [1], holds: [], holds_version: 9 });
  assert.equal(client.holds.has(1), false);
  assert.deepEqual(of(heard, "expired"), [{ seats: [1] }]);
});

test("after a new epoch the last receipt is sent, once, and its answer stands", () => {
  const { world, client, heard } = live({ receipt: "r1", holds: [hold(1), hold(2)] });
  world.socket.end(1012);
  const socket = comeBack(world, { epoch: "e2", version: 0, holds_version: 0, receipt: "r2" });
  const [restore, ...more] = socket.take();
  assert.deepEqual(restore, { type: "restore", receipt: "r1", id: restore.id });
  assert.deepEqual(more, []);
  socket.say(snapshot({ epoch: "e2", version: 0 }));
  socket.say({
    type: "locked",
    id: restore.id,
    version: 1,
    seats: [1],
    holds: [hold(1)],
    holds_version: 1,
    receipt: "r3",
    lost: [2],
  });
  assert.deepEqual(socket.take(), []);
  assert.deepEqual(
    client.holds.list.map(({ seat }) => seat),
    [1],
  );
  assert.deepEqual(of(heard, "lost"), [{ seats: [2] }]);
  socket.end(1012);
  assert.deepEqual(comeBack(world, { epoch: "e2", version: 1 }).take(), []);
});

test("without a receipt, or without seats, a new epoch is asked for nothing", () => {
  for (const fields of [{ holds: [hold(1)] }, { receipt: "r1" }]) {
    const { world } = live(fields);
    world.socket.end(1012);
    assert.deepEqual(comeBack(world, { epoch: "e2" }).take(), []);
  }
});

test("within one epoch nothing is restored, whatever is held", () => {
  const { world } = live({ receipt: "r1", holds: [hold(1)] });
  world.socket.end(1012);
  assert.deepEqual(comeBack(world, { receipt: "r1", holds: [hold(1)] }).take(), []);
});

test("who may not lock restores nothing until a session allows it", async () => {
  const { world } = live({ receipt: "r1", holds: [hold(1)] });
  world.socket.end(1012);
  assert.deepEqual(comeBack(world, { epoch: "e2", can_lock: false }).take(), []);
  await world.answerSession("t");
  const [{ id }] = world.socket.take();
  world.socket.say({ type: "authenticated", id, can_lock: true, holds: [], holds_version: 5 });
  assert.deepEqual(
    world.socket.take().map(({ receipt }) => receipt),
    ["r1"],
  );
});

test("a refused restore is final, and the seats that are gone with it are named", () => {
  const { world, client, heard } = live({ receipt: "r1", holds: [hold(1), hold(2)] });
  world.socket.end(1012);
  const socket = comeBack(world, { epoch: "e2", version: 3, holds: [hold(1)], holds_version: 3 });
  const [{ id }] = socket.take();
  assert.deepEqual(of(heard, "lost"), [], "there is still hope");
  socket.say({ type: "rejected", id, code: "unavailable", message: "…", outcome: "none", retry_after_ms: 0 });
  assert.deepEqual(of(heard, "refused"), []);
  assert.deepEqual(of(heard, "lost"), [{ seats: [2] }]);
  assert.equal(client.holds.has(1), true, "the holds of the welcome stand");
  socket.say(snapshot({ epoch: "e2", version: 3 }));
  socket.end(1012);
  assert.deepEqual(comeBack(world, { epoch: "e2", version: 3 }).take(), []);
});

test("a refusal that is faster than the holds of the new epoch waits for them", () => {
  const { world, heard } = live({ receipt: "r1", holds: [hold(1), hold(2)] });
  world.socket.say(snapshot({ epoch: "e2", version: 0 }));
  const [{ id }] = world.socket.take();
  world.socket.say({ type: "rejected", id, code: "unavailable", message: "…", outcome: "none", retry_after_ms: 0 });
  assert.deepEqual(of(heard, "lost"), []);
  world.socket.say({ type: "holds", holds: [hold(2)], holds_version: 0, receipt: "r2" });
  world.socket.say({ type: "holds", holds: [], holds_version: 1, receipt: "r3" });
  assert.deepEqual(of(heard, "lost"), [{ seats: [1] }]);
});

test("a refused restore of seats that are all there says nothing", () => {
  const { world, heard } = live({ receipt: "r1", holds: [hold(1)] });
  world.socket.end(1012);
  const socket = comeBack(world, { epoch: "e2", holds: [hold(1)] });
  const [{ id }] = socket.take();
  socket.say({ type: "rejected", id, code: "unavailable", message: "…", outcome: "none", retry_after_ms: 0 });
  assert.deepEqual(of(heard, "lost"), []);
});

test("a restore whose answer was lost is sent again, with the receipt of the seats and not of what was left", () => {
  const { world } = live({ receipt: "r1", holds: [hold(1), hold(2)] });
  world.socket.end(1012);
  comeBack(world, { epoch: "e2", holds_version: 0, holds: [hold(2)], receipt: "r2" }).end(1006);
  assert.deepEqual(
    comeBack(world, { epoch: "e3", receipt: "r3" })
      .take()
      .map(({ receipt }) => receipt),
    ["r1"],
  );
});

test("an epoch that changes under a live connection is restored from as well", () => {
  const { world } = live({ receipt: "r1", holds: [hold(1)] });
  world.socket.say(snapshot({ epoch: "e2", version: 0 }));
  assert.deepEqual(
    world.socket.take().map(({ type, receipt }) => [type, receipt]),
    [["restore", "r1"]],
  );
});

test("a seat that was answered for in an epoch that ended is pending no longer", () => {
  const { world, client, connection } = live();
  connection.lock([2]);
  const [{ id }] = world.socket.take();
  world.socket.say({
    type: "locked",
    id,
    version: 600,
    seats: [2],
    holds: [hold(2)],
    holds_version: 600,
    receipt: "r",
  });
  world.socket.say(snapshot({ epoch: "e2", version: 0 }));
  assert.equal(client.requests.pending(2), false);
});

test("a receipt that comes with an older list of holds does not count", () => {
  const { world } = live();
  world.socket.say({ type: "holds", holds: [hold(1)], holds_version: 8, receipt: "newer" });
  world.socket.say({ type: "holds", holds: [], holds_version: 7, receipt: "older" });
  world.socket.say(snapshot({ epoch: "e2", version: 0 }));
  assert.deepEqual(
    world.socket.take().map(({ receipt }) => receipt),
    ["newer"],
  );
});

test("an answer that the map never caught up with is settled by the end of the connection", () => {
  const { world, client, connection } = live();
  connection.lock([2]);
  const [{ id }] = world.socket.take();
  world.socket.say({
    type: "locked",
    id,
    version: 600,
    seats: [2],
    holds: [hold(2)],
    holds_version: 600,
    receipt: "r",
  });
  world.socket.end(1006);
  assert.equal(client.requests.pending(2), false);
});
