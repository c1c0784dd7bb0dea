/** @import { Api } from "../core/api.js" */
/** @import { Client } from "../core/client.js" */

import { Connection } from "../core/connection.js";

/** What the core takes from outside, as the browser has it: HTTP, time, sockets. */

/** @param {string} url @param {RequestInit} [init] */
export const ask = (url, init) => fetch(url, init);

/** @param {number} ms @returns {Promise<void>} */
export const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export const timers = {
  /** @param {() => void} callback @param {number} ms */
  set: (callback, ms) => setTimeout(callback, ms),
  /** @param {number} timer */
  clear: (timer) => clearTimeout(timer),
};

/** The connection of a client to the server of this page. @param {Client} client @param {Api} api */
export function connectionOf(client, api) {
  return new Connection(client, {
    origin: location.origin.replace(/^http/, "ws"),
    WebSocket,
    timers,
    clock: () => Date.now(),
    openSession: () => api.createSession(),
  });
}
