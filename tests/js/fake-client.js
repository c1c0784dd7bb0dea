/** A client in a fake world, brought to the point where a test begins. */

import assert from "node:assert/strict";

import { Client } from "../../static/js/core/client.js";
import { Connection } from "../../static/js/core/connection.js";
import { snapshot, welcome, World } from "./fake-world.js";

const JOINING = ["joined", "unjoined"];

/** @param {{display?: boolean, random?: number}} [options] */
export function connecting({ display = false, random = 0.5 } = {}) {
  const world = new World();
  const client = new Client({ showtime: "demo", display, random: () => random });
  const connection = new Connection(client, world.outside);
  /** @type {[string, any][]} */
  const heard = [];
  for (const type of ["status", "granted", "released", "refused", "lost", "expiring", "expired", "notice", ...JOINING]) {
    client.addEventListener(type, (event) => heard.push([type, /** @type {CustomEvent} */ (event).detail]));
  }
  connection.start();
  return { world, client, connection, heard };
}

/** @param {object} [fields] of the welcome @param {{display?: boolean, random?: number}} [options] */
export function live(fields = {}, options = {}) {
  const parts = connecting(options);
  parts.world.socket.open();
  parts.world.socket.say(welcome(fields), snapshot());
  assert.equal(parts.client.status, "live");
  parts.heard.length = 0;
  return parts;
}

/** Lets the back-off pass and brings the next socket to its welcome. @param {World} world @param {object} [fields] */
export function comeBack(world, fields = {}) {
  const before = world.sockets.length;
  world.pass(10_000);
  assert.equal(world.sockets.length, before + 1, "no new connection");
  world.socket.open();
  world.socket.say(welcome(fields));
  return world.socket;
}

/** @param {[string, any][]} heard @param {string} type */
export const of = (heard, type) => heard.filter(([name]) => name === type).map(([, detail]) => detail);
