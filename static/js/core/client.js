/** @import { Effect, Limits, Request } from "./types.js" */

import { address } from "./address.js";
import { backoff, CAP_MS } from "./backoff.js";
import { ServerClock } from "./clock.js";
import { ABNORMAL, CLOSES, mayReconnect } from "./codes.js";
import { decode } from "./decode.js";
import { Heartbeat } from "./heartbeat.js";
import { Holds } from "./holds.js";
import { Receipt } from "./receipt.js";
import { Requests } from "./requests.js";
import { SeatMap } from "./seatmap.js";
import { Session } from "./session.js";

/** How long a connection may take from its first byte until the map stands. */
const CATCH_UP_MS = 10_000;

/** @typedef {"idle" | "connecting" | "welcoming" | "catching up" | "live" | "waiting" | "ended"} Phase */

/**
 * One person's view of one showtime, without a socket and without a clock of its own.
 *
 * The shell reports what happened and at which local time (milliseconds); each report returns the effects that it is
 * to perform, in order: `connect` to a path, `send` a text, `drop` the socket (without reporting its end), open a
 * `session` and report its token. `wakeAt` says when to call `tick` next.
 *
 * The phases: idle → connecting → welcoming (open) → catching up (welcomed) → live; from any of them → waiting
 * (back-off), and from there → connecting; or → ended, where only `start` leads on.
 *
 * Events, each a CustomEvent: `status`, `welcome`, `joined` and `unjoined` (seats may be asked for, or no session was
 * to be had), `viewers` `{count}`, `notice` (the message), `granted` and `released` `{request, seats}`, `refused` (a
 * Refusal), `lost` `{seats}` after a new epoch, `expiring` `{seats, expires_at}`, `expired` `{seats}`. The map, the
 * holds and the requests have events of their own.
 */
export class Client extends EventTarget {
  /** The view; only an answer `locked` is a promise. */
  map = new SeatMap();
  holds = new Holds();
  clock = new ServerClock();
  requests = new Requests(this.map);

  #showtime;
  #display;
  #random;
  /** @type {Phase} */
  #phase = "idle";
  /** The status last dispatched. */
  #told = "";
  #everLive = false;
  #attempt = 0;
  /** @type {number | null} */
  #endedWith = null;
  /** When the phase ends by itself: the catching up is given up, or the waiting is over. */
  #deadline = 0;
  #liveSince = 0;
  #heartbeat = new Heartbeat();
  /** The one outstanding question for what is missing. @type {{at: number, version: number} | null} */
  #resync = null;
  /** The history that the server counts in. @type {string | null} */
  #epoch = null;
  #receipt = new Receipt();
  #session = new Session(this.requests);

  /** Whether the server knows a holder here. */
  canLock = false;
  /** @type {Limits | null} */
  limits = null;
  /** @type {number | null} the layout's version that the indexes are of */
  layout = null;
  viewers = 0;

  /** @param {{showtime: string, display?: boolean, random?: () => number}} options `display` only watches, for ever */
  constructor({ showtime, display = false, random = Math.random }) {
    super();
    this.#showtime = showtime;
    this.#display = display;
    this.#random = random;
  }

  get display() {
    return this.#display;
  }

  /** @returns {"connecting" | "live" | "offline" | "ended"} what a person is to be told */
  get status() {
    if (this.#phase === "live" || this.#phase === "ended") return this.#phase;
    return this.#everLive || this.#attempt > 0 ? "offline" : "connecting";
  }

  /** The close code after which nothing is tried any more, in status `ended`. */
  get endedWith() {
    return this.#endedWith;
  }

  /** Local time at which `tick` has something to do; null while nothing comes by itself. @returns {number | null} */
  get wakeAt() {
    switch (this.#phase) {
      case "idle":
      case "ended":
        return null;
      case "live": {
        const { dueAt, everyMs } = this.#heartbeat;
        return this.#resync ? Math.min(dueAt, this.#resync.at + everyMs) : dueAt;
      }
      default:
        return this.#deadline;
    }
  }

  /** Connects now, whatever the back-off says, unless it has a socket. @param {number} now @returns {Effect[]} */
  start(now) {
    if (this.#phase !== "idle" && this.#phase !== "ended" && this.#phase !== "waiting") return [];
    this.#endedWith = null;
    return this.#connect(now);
  }

  /** The session that an effect asked for is there. @param {string} token @param {number} now @returns {Effect[]} */
  sessionOpened(token, now) {
    this.#session.opened(token);
    const watching = (this.#phase === "catching up" || this.#phase === "live") && !this.canLock;
    return watching ? this.#session.join(now) : [];
  }

  /** The session that an effect asked for could not be opened; the next question for seats tries again. */
  sessionFailed() {
    this.#emit("unjoined");
    this.#refuse("no_session", this.#session.failed());
  }

  /** Asks for seats, all or none of them. @param {number[]} seats @param {number} now @returns {Effect[]} */
  lock(seats, now) {
    return this.#ask({ type: "lock", seats, mode: "all" }, now);
  }

  /** Gives seats back; without any, all. @param {number[] | undefined} seats @param {number} now @returns {Effect[]} */
  unlock(seats, now) {
    return this.#ask(seats ? { type: "unlock", seats } : { type: "unlock" }, now);
  }

  /** Asks for more time for all own seats. @param {number} now @returns {Effect[]} */
  extend(now) {
    return this.#ask({ type: "extend" }, now);
  }

  /** The handshake is done. @param {number} now */
  opened(now) {
    if (this.#phase !== "connecting") return;
    this.#heartbeat.heard(now);
    this.#enter("welcoming");
  }

  /**
   * A message came. One that cannot be read ends the connection.
   *
   * @param {unknown} data
   * @param {number} now
   * @returns {Effect[]}
   */
  received(data, now) {
    this.#heartbeat.heard(now);
    const message = decode(data);
    return message ? this.#dispatch(message, now) : this.#drop(now);
  }

  /** The socket ended with `code`. @param {number} code @param {number} now */
  closed(code, now) {
    if (this.#phase === "idle" || this.#phase === "waiting" || this.#phase === "ended") return;
    if (this.#phase === "live" && now - this.#liveSince >= CAP_MS) this.#attempt = 0;
    this.#resync = null;
    this.#refuse("offline", this.#session.abandon());
    this.requests.abandon();
    if (CLOSES[code] === "session_ended") this.#session.forget();
    if (mayReconnect(code)) {
      this.#deadline = now + backoff(this.#attempt, this.#random());
      this.#attempt += 1;
      this.#enter("waiting");
    } else {
      this.#endedWith = code;
      this.#enter("ended");
    }
  }

  /** Time has passed. @param {number} now @returns {Effect[]} */
  tick(now) {
    if (this.wakeAt === null || now < this.wakeAt) return [];
    if (this.#phase === "waiting") return this.#connect(now);
    const unanswered = this.#resync !== null && now >= this.#resync.at + this.#heartbeat.everyMs;
    if (unanswered) this.map.forget(); // what is missing is not to be had: start from a snapshot
    if (this.#phase !== "live" || this.#heartbeat.asked || unanswered) return this.#drop(now);
    this.#heartbeat.ask(now);
    return this.#send({ type: "ping" }, now);
  }

  /** @param {Phase} phase */
  #enter(phase) {
    this.#phase = phase;
    if (this.status === this.#told) return;
    this.#told = this.status;
    this.#emit("status", { status: this.#told });
  }

  /** @param {number} now @returns {Effect[]} */
  #connect(now) {
    this.#deadline = now + CATCH_UP_MS;
    this.#resync = null;
    this.#enter("connecting");
    return [{ kind: "connect", path: address(this.#showtime, this.map, this.#display) }];
  }

  /** @param {number} now @returns {Effect[]} */
  #drop(now) {
    this.closed(ABNORMAL, now);
    return [{ kind: "drop" }];
  }

  /** @param {Request} request @param {number} now @returns {Effect[]} */
  #ask(request, now) {
    if (this.#phase !== "live") return this.#refuse("offline", [request]);
    if (this.canLock || this.#display) return this.#send(request, now);
    this.#session.keep(request, now);
    return this.#session.join(now);
  }

  /** Answers what was sent to nobody. @param {string} code @param {Request[]} requests @returns {Effect[]} none */
  #refuse(code, requests) {
    for (const request of requests) this.#emit("refused", { code, seats: request.seats, request });
    return [];
  }

  /** @param {Request} request @param {number} now @returns {Effect[]} */
  #send(request, now) {
    const id = this.requests.add(request, now);
    return [{ kind: "send", text: JSON.stringify({ ...request, id }) }];
  }

  /** @param {string} type @param {unknown} [detail] */
  #emit(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }

  /** @param {any} message @param {number} now @returns {Effect[]} */
  #dispatch(message, now) {
    switch (message.type) {
      case "welcome":
        return this.#welcomed(message, now);
      case "snapshot":
        this.map.replace(message);
        this.#resync = null;
        this.#caughtUp(now);
        return this.#enterEpoch(message.epoch, now);
      case "delta":
        return this.#delta(message, now);
      case "locked":
      case "extended":
      case "unlocked":
        this.#answered(message);
        break;
      case "rejected":
        this.#rejected(message);
        break;
      case "authenticated":
        return this.#authenticated(message, now);
      case "holds":
        this.#hold(message);
        break;
      case "expiring":
        this.#emit("expiring", { seats: message.seats, expires_at: message.expires_at });
        break;
      case "expired":
        this.#hold(message);
        this.#emit("expired", { seats: message.seats });
        break;
      case "viewers":
        this.viewers = message.count;
        this.#emit("viewers", { count: this.viewers });
        break;
      case "notice":
        this.#emit("notice", message);
        break;
      case "pong":
        this.clock.learn(message.server_at, now, this.requests.settle(message.id)?.at);
        break;
      default: // a later server may say more than this page knows
    }
    return [];
  }

  /** @param {any} message @param {number} now @returns {Effect[]} */
  #welcomed(message, now) {
    this.clock.learn(message.server_at, now);
    this.canLock = message.can_lock;
    this.limits = message.limits;
    this.layout = message.layout;
    this.viewers = message.viewers;
    this.#heartbeat.everyMs = message.heartbeat_ms;
    this.#enter("catching up");
    const effects = this.#enterEpoch(message.epoch, now);
    this.#hold(message);
    this.#emit("welcome", message);
    this.#emit("viewers", { count: this.viewers });
    if (!this.canLock) return this.#display ? effects : [...effects, ...this.#session.join(now)];
    this.#session.forget();
    this.#emit("joined");
    return effects;
  }

  /** @param {any} message @param {number} now @returns {Effect[]} */
  #authenticated(message, now) {
    this.requests.settle(message.id);
    this.canLock = message.can_lock;
    this.#hold(message);
    this.#emit("joined");
    return this.#restore(now);
  }

  /**
   * Notes the history that the server is in, and asks a new one for the seats that the last receipt of the old one
   * covers.
   *
   * @param {string} epoch
   * @param {number} now
   * @returns {Effect[]}
   */
  #enterEpoch(epoch, now) {
    this.#epoch = epoch;
    this.#receipt.enter(epoch, this.holds.list);
    return this.#restore(now);
  }

  /** @param {number} now @returns {Effect[]} */
  #restore(now) {
    const receipt = this.#receipt.owed;
    if (receipt === null || !this.canLock || this.requests.restoring) return [];
    return this.#send({ type: "restore", receipt }, now);
  }

  /** @param {any} message @param {number} now @returns {Effect[]} */
  #delta(message, now) {
    if (this.map.epoch !== this.#epoch) return []; // its snapshot is on the way
    const outcome = this.map.apply(message);
    if (outcome === "gap" && message.from <= this.map.version) {
      // It names a seat that this map does not have: what the map is, is not what the server thinks.
      this.map.forget();
      return this.#drop(now);
    }
    if (outcome === "gap") {
      if (this.#resync) return [];
      this.#resync = { at: now, version: this.map.version };
      const { epoch, version } = this.map;
      return [{ kind: "send", text: JSON.stringify({ type: "resync", epoch, version }) }];
    }
    if (outcome === "applied" || message.from === this.#resync?.version) this.#resync = null;
    this.#caughtUp(now);
    return [];
  }

  /** @param {number} now */
  #caughtUp(now) {
    if (this.#phase !== "catching up") return;
    this.#everLive = true;
    this.#liveSince = now;
    this.#enter("live");
  }

  /** Takes over a list of holds and its receipt from any message that has them. @param {any} message */
  #hold({ holds, holds_version, receipt }) {
    const epoch = /** @type {string} */ (this.#epoch);
    const stands = this.holds.replace(epoch, holds_version, holds);
    if (stands && receipt) this.#receipt.keep(receipt, epoch);
    this.#tellLost();
  }

  #tellLost() {
    if (this.holds.epoch !== this.#epoch) return; // a new history has begun, whose holds are on their way
    const seats = this.#receipt.takeDoubts().filter((seat) => !this.holds.has(seat));
    if (seats.length) this.#emit("lost", { seats });
  }

  /** @param {any} message */
  #answered(message) {
    const request = this.requests.settle(message.id, message.version)?.request ?? null;
    if (request?.type === "restore") this.#receipt.settle();
    this.#hold(message);
    if (message.lost?.length) this.#emit("lost", { seats: message.lost });
    this.#emit(message.type === "unlocked" ? "released" : "granted", { request, seats: message.seats });
  }

  /** @param {any} message */
  #rejected(message) {
    const request = this.requests.settle(message.id)?.request ?? null;
    if (request?.type === "auth") return; // what waits for it is answered by itself
    if (request?.type === "restore") {
      this.#receipt.refuse(); // final: what `welcome` and `holds` say is what there is
      return this.#tellLost();
    }
    const { code, seats, retry_after_ms, outcome } = message;
    if (code === "read_only") this.canLock = false;
    this.#emit("refused", { code, message: message.message, seats, retry_after_ms, outcome, request });
  }
}
