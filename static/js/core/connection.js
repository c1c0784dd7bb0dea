/** @import { Client } from "./client.js" */
/** @import { Effect } from "./types.js" */

import { ApiError, NetworkError } from "./api.js";

const SUBPROTOCOL = "seatmap.v1.json";

/**
 * @typedef {object} SocketLike the part of a browser's WebSocket that is used
 * @property {((event: any) => void) | null} onopen
 * @property {((event: any) => void) | null} onmessage
 * @property {((event: any) => void) | null} onclose
 * @property {(text: string) => void} send
 * @property {() => void} close
 *
 * @typedef {object} Outside what the shell needs of its world
 * @property {string} origin scheme and host of the sockets: `wss://…`
 * @property {new (url: string, protocols: string[]) => SocketLike} WebSocket
 * @property {{set: (callback: () => void, ms: number) => unknown, clear: (timer: any) => void}} timers
 * @property {() => number} clock local time in milliseconds
 * @property {() => Promise<string>} openSession its token; throws ApiError or NetworkError
 */

/** The client's shell: performs its effects on a real socket and reports back, one socket at a time. */
export class Connection {
  #client;
  #outside;
  /** @type {SocketLike | null} */
  #socket = null;
  /** @type {unknown} */
  #timer = null;

  /**
   * @param {Client} client
   * @param {Outside} outside
   */
  constructor(client, outside) {
    this.#client = client;
    this.#outside = outside;
  }

  /** Connects at once: at first, out of a back-off, or again after an end. */
  start() {
    this.#perform(this.#client.start(this.#now()));
  }

  /** @param {number[]} seats */
  lock(seats) {
    this.#perform(this.#client.lock(seats, this.#now()));
  }

  /** @param {number[]} [seats] */
  unlock(seats) {
    this.#perform(this.#client.unlock(seats, this.#now()));
  }

  extend() {
    this.#perform(this.#client.extend(this.#now()));
  }

  #now() {
    return this.#outside.clock();
  }

  /** @param {Effect[]} effects */
  #perform(effects) {
    for (const effect of effects) {
      if (effect.kind === "connect") this.#open(effect.path);
      else if (effect.kind === "send") this.#socket?.send(effect.text);
      else if (effect.kind === "session") void this.#openSession();
      else this.#abandon();
    }
    this.#arm();
  }

  /** @param {string} path */
  #open(path) {
    const { origin, WebSocket } = this.#outside;
    const socket = new WebSocket(origin + path, [SUBPROTOCOL]);
    socket.onopen = () => {
      this.#client.opened(this.#now());
      this.#arm();
    };
    socket.onmessage = ({ data }) => this.#perform(this.#client.received(data, this.#now()));
    socket.onclose = ({ code }) => {
      this.#socket = null;
      this.#client.closed(code, this.#now());
      this.#arm();
    };
    this.#socket = socket;
  }

  /** Closes the socket and hears no more of it: a dead peer would keep its end waiting for minutes. */
  #abandon() {
    const socket = this.#socket;
    if (!socket) return;
    this.#socket = null;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }

  async #openSession() {
    let token;
    try {
      token = await this.#outside.openSession();
    } catch (error) {
      if (!(error instanceof ApiError || error instanceof NetworkError)) throw error;
      this.#client.sessionFailed();
      return;
    }
    this.#perform(this.#client.sessionOpened(token, this.#now()));
  }

  #arm() {
    const { timers } = this.#outside;
    timers.clear(this.#timer);
    this.#timer = null;
    const at = this.#client.wakeAt;
    if (at === null) return;
    this.#timer = timers.set(() => this.#perform(this.#client.tick(this.#now())), Math.max(0, at - this.#now()));
  }
}
