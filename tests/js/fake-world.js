/**
 * A world for the connection shell: a clock that stands until it is told, timers on it, and sockets that a test
 * plays.
 */

/** One WebSocket of the client, played from the server's side: messages can be delayed, dropped and split off. */
export class FakeSocket {
  /** @type {((event: any) => void) | null} */ onopen = null;
  /** @type {((event: any) => void) | null} */ onmessage = null;
  /** @type {((event: any) => void) | null} */ onclose = null;
  /** @type {any[]} what the client sent and the test has not taken */ sent = [];
  /** @type {any[]} on their way to the client */ underway = [];
  closed = false;

  /** @param {string} url @param {string[]} protocols */
  constructor(url, protocols) {
    this.url = new URL(url);
    this.protocols = protocols;
  }

  /** @param {string} text */
  send(text) {
    this.sent.push(JSON.parse(text));
  }

  close() {
    this.closed = true;
  }

  open() {
    this.onopen?.({});
  }

  /** @param {...object} messages delivered at once, one event each */
  say(...messages) {
    for (const message of messages) this.onmessage?.({ data: JSON.stringify(message) });
  }

  /** Puts messages on their way; `arrive` delivers them. @param {...object} messages */
  delay(...messages) {
    this.underway.push(...messages);
  }

  /** @param {number} [count] of the delayed messages, all without */
  arrive(count = this.underway.length) {
    this.say(...this.underway.splice(0, count));
  }

  /** Loses the next delayed message. */
  lose() {
    this.underway.shift();
  }

  /** @param {number} code */
  end(code) {
    this.onclose?.({ code });
  }

  /** Takes what the client has sent since the last time. */
  take() {
    return this.sent.splice(0);
  }
}

/** Clock, timers and sockets, all in the test's hand. */
export class World {
  now = 1_000_000;
  /** @type {FakeSocket[]} */
  sockets = [];
  /**
   * Sessions that were asked for and have no answer yet.
   *
   * @type {{resolve: (token: string) => void, reject: (error: Error) => void}[]}
   */
  sessions = [];
  /** @type {{at: number, callback: () => void}[]} */
  #timers = [];

  /** What a Connection is given. */
  get outside() {
    const world = this;
    return {
      origin: "ws://cinema.example",
      WebSocket: class extends FakeSocket {
        /** @param {string} url @param {string[]} protocols */
        constructor(url, protocols) {
          super(url, protocols);
          world.sockets.push(this);
        }
      },
      timers: {
        /** @param {() => void} callback @param {number} ms */
        set(callback, ms) {
          const timer = { at: world.now + ms, callback };
          world.#timers.push(timer);
          return timer;
        },
        /** @param {any} timer */
        clear(timer) {
          world.#timers = world.#timers.filter((other) => other !== timer);
        },
      },
      clock: () => world.now,
      /** @returns {Promise<string>} */
      openSession: () => new Promise((resolve, reject) => world.sessions.push({ resolve, reject })),
    };
  }

  /** Answers the session that was asked for. @param {string | Error} answer */
  async answerSession(answer) {
    const { resolve, reject } = /** @type {World["sessions"][0]} */ (this.sessions.shift());
    if (answer instanceof Error) reject(answer);
    else resolve(answer);
    await new Promise(setImmediate);
  }

  /** The newest socket. */
  get socket() {
    return this.sockets[this.sockets.length - 1];
  }

  get armed() {
    return this.#timers.length;
  }

  /** Lets time pass, timers going off in their order. @param {number} ms */
  pass(ms) {
    const end = this.now + ms;
    for (;;) {
      const [next] = this.#timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
      if (!next) break;
      this.#timers = this.#timers.filter((timer) => timer !== next);
      this.now = Math.max(this.now, next.at);
      next.callback();
    }
    this.now = end;
  }
}

/** A `welcome`, as a server would say it. @param {object} [fields] that are other than usual */
export function welcome(fields = {}) {
  return {
    type: "welcome",
    showtime: "demo",
    layout: 1,
    epoch: "e1",
    version: 5,
    server_at: 1_000_000,
    can_lock: true,
    holds: [],
    holds_version: 5,
    limits: { max_seats: 8, hold_ms: 900_000, max_hold_ms: 1_800_000 },
    heartbeat_ms: 20_000,
    viewers: 1,
    ...fields,
  };
}

/** @param {object} [fields] */
export function snapshot(fields = {}) {
  return { type: "snapshot", epoch: "e1", version: 5, layout: 1, seats: "AAAAAAAA", ...fields };
}

/** @param {number} from @param {number} version @param {...[number, string]} changes */
export function delta(from, version, ...changes) {
  return { type: "delta", from, version, changes };
}

/** @param {number} seat @param {object} [fields] */
export function hold(seat, fields = {}) {
  return { seat, expires_at: 1_900_000, first_at: 1_000_000, ...fields };
}
