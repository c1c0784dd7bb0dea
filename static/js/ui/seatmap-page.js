/** @import { Api } from "../core/api.js" */
/** @import { Client } from "../core/client.js" */
/** @import { Connection } from "../core/connection.js" */
/** @import { Layout, Refusal, Seat, Showtime, Zone } from "../core/types.js" */

import { ApiError, NetworkError } from "../core/api.js";
import { minutesSeconds, money } from "../core/format.js";
import * as text from "../core/text.js";
import { Basket } from "./basket.js";
import { hook, setText } from "./dom.js";
import { Hall } from "./hall.js";
import { showLegend } from "./legend.js";
import { Status } from "./status.js";
import { showTitle } from "./title.js";
import { Zoom } from "./zoom.js";

/** Close codes after which a person may start again from the same page. */
const RESTARTABLE = (/** @type {number} */ code) => code !== 4503 && code !== 4504;

/** The seat-map page: carries what the client learns to the parts of the page, and what people do to the client. */
export class SeatMapPage {
  #id;
  #client;
  #connection;
  #api;
  #status = new Status();
  #zoom;
  #basket;
  /** @type {Showtime | null} */
  #showtime = null;
  /** Null while another version of it is loaded. @type {Layout | null} */
  #layout = null;
  /** @type {Hall | null} */
  #hall = null;
  /** @type {Map<string, number>} seat id → index */
  #indexes = new Map();
  /** @type {Map<string, Zone>} */
  #zones = new Map();
  /** In words, by zone. @type {Map<string, string>} */
  #prices = new Map();

  /** @param {{showtime: string, client: Client, connection: Connection, api: Api}} parts */
  constructor({ showtime, client, connection, api }) {
    this.#id = showtime;
    this.#client = client;
    this.#connection = connection;
    this.#api = api;
    this.#basket = new Basket(hook("[data-basket]"), {
      checkout: `/showtimes/${encodeURIComponent(showtime)}/checkout`,
      onRelease: () => this.#connection.unlock(),
      onExtend: () => this.#connection.extend(),
      onDrop: (id) => this.#choose(this.#index(id)),
    });
    document.body.classList.toggle("is-display", client.display);
    this.#zoom = new Zoom(hook("[data-viewport]"), hook("[data-hall]"), { whole: client.display });
    hook('[data-action="zoom-in"]').addEventListener("click", () => this.#zoom.in());
    hook('[data-action="zoom-out"]').addEventListener("click", () => this.#zoom.out());
    hook('[data-action="zoom-fit"]').addEventListener("click", () => this.#zoom.fit());
    hook('[data-action="restart"]').addEventListener("click", () => this.#connection.start());
    this.#listen();
  }

  /** Loads the showing and its hall, then connects; says so where that fails. */
  async load() {
    await this.#orFail(async () => {
      const { layout } = await this.#loadShowtime();
      await this.#loadLayout(this.#client.layout ?? layout);
      this.#connection.start();
    });
  }

  /** @param {() => Promise<unknown>} work over HTTP, after whose failure a person may try to load all again */
  async #orFail(work) {
    const failure = hook("[data-failure]");
    failure.hidden = true;
    try {
      await work();
    } catch (error) {
      if (!(error instanceof ApiError || error instanceof NetworkError)) throw error;
      const missing = error instanceof ApiError && error.status === 404;
      setText(hook("[data-failure-text]", failure), missing ? text.page.notFound : text.page.failed);
      hook('[data-action="retry"]', failure).hidden = missing;
      failure.hidden = false;
    }
  }

  /** Ends a back-off early. */
  hurry() {
    if (this.#layout && this.#client.status === "offline") this.#connection.start();
  }

  /** Shows how much time is left. @param {number} now local time */
  tick(now) {
    const { clock, holds, limits, status } = this.#client;
    const serverNow = clock.at(now);
    const extendable = status === "live" && limits !== null && holds.extendable(serverNow, limits);
    this.#basket.tick(holds.remaining(serverNow), extendable);
  }

  #listen() {
    const client = this.#client;
    client.map.addEventListener("change", (event) => {
      this.#paint(detail(event).changes.map((/** @type {[number, string]} */ [index]) => index));
    });
    client.requests.addEventListener("change", (event) => this.#paint(detail(event).seats));
    client.holds.addEventListener("change", (event) => {
      this.#paint(detail(event).seats);
      this.#showBasket();
    });
    client.addEventListener("status", () => this.#showStatus());
    client.addEventListener("welcome", () => this.#welcomed());
    client.addEventListener("joined", () => this.#status.clearNotice("watching"));
    client.addEventListener("unjoined", () => this.#status.notice("watching", text.page.sessionFailed));
    client.addEventListener("viewers", (event) => this.#status.viewers(detail(event).count));
    client.addEventListener("granted", (event) => {
      this.#status.clearRefusal();
      this.#status.clearNotice(detail(event).request?.type === "extend" ? "expiring" : "expired");
    });
    client.addEventListener("released", () => this.#status.clearRefusal());
    client.addEventListener("refused", (event) => this.#refuse(detail(event)));
    client.addEventListener("expiring", (event) => {
      const { seats, expires_at } = detail(event);
      const left = minutesSeconds(expires_at - client.clock.at(Date.now()));
      this.#status.notice("expiring", text.expiring(this.#names(seats), left));
    });
    client.addEventListener("expired", (event) => {
      this.#status.notice("expired", text.expired(this.#names(detail(event).seats)));
    });
    client.addEventListener("lost", (event) => {
      this.#status.notice("lost", text.lost(this.#names(detail(event).seats)));
    });
    client.addEventListener("notice", (event) => this.#noticed(detail(event)));
  }

  async #loadShowtime() {
    const showtime = await this.#api.showtime(this.#id);
    this.#showtime = showtime;
    this.#zones = new Map(showtime.zones.map((zone) => [zone.id, zone]));
    this.#prices = new Map(showtime.zones.map(({ id, price, currency }) => [id, money(price, currency, text.locale)]));
    showTitle(showtime, Date.now());
    return showtime;
  }

  /** @param {number} version */
  async #loadLayout(version) {
    this.#layout = null;
    const layout = await this.#api.layout(this.#id, version);
    this.#layout = layout;
    this.#indexes = new Map(layout.seats.map(({ id, index }) => [id, index]));
    layout.seats.sort((a, b) => a.index - b.index);
    const onChoose = this.#client.display ? null : (/** @type {number} */ index) => this.#choose(index);
    const info = hook("[data-seat-info]");
    this.#hall?.end();
    this.#hall = new Hall(hook("[data-hall]"), layout, {
      label: text.page.seats,
      onChoose,
      onPoint: (words) => setText(info, words),
    });
    showLegend(hook("[data-legend]"), [...new Set(layout.seats.map(({ kind }) => kind))]);
    if (this.#client.map.size) this.#paint(layout.seats.keys());
    this.#showBasket();
    this.#zoom.begin();
    this.#hall.show();
    this.#zoom.centre(this.#hall.screen);
  }

  /** @param {Iterable<number>} indexes */
  #paint(indexes) {
    const { map, holds, requests } = this.#client;
    if (!this.#layout || !this.#hall) return;
    for (const index of indexes) {
      const seat = this.#layout.seats[index];
      if (!seat) continue;
      const status = map.at(index) ?? "";
      const hold = holds.get(index);
      const pending = requests.pending(index);
      const state = pending ? "pending" : hold?.order ? "paying" : hold ? "mine" : status;
      const label = text.seatLabel(seat, this.#price(seat), state);
      this.#hall.paint(index, { status, mine: hold !== undefined, pending, label });
    }
  }

  #showBasket() {
    if (!this.#layout) return;
    const { seats } = this.#layout;
    const { list } = this.#client.holds;
    const items = list.flatMap(({ seat: index, order }) => {
      const seat = seats[index];
      if (!seat) return [];
      const zone = this.#zones.get(seat.zone)?.name ?? seat.zone;
      return [{ id: seat.id, detail: zone, price: this.#price(seat), order: order ?? null }];
    });
    // What is in payment has a total of its own, on its order's page.
    const choosing = list.filter(({ order }) => !order);
    const zones = (choosing.length ? choosing : list).flatMap(({ seat }) => this.#zones.get(seats[seat]?.zone ?? "") ?? []);
    const sum = zones.reduce((total, zone) => total + zone.price, 0);
    this.#basket.show(items, zones.length ? money(sum, zones[0].currency, text.locale) : "");
    if (!list.some(({ order }) => !order)) this.#status.clearNotice("expiring");
    this.tick(Date.now());
  }

  #showStatus() {
    const { status, endedWith } = this.#client;
    this.#status.connection(status);
    if (status === "live") {
      this.#status.clearNotice("draining");
      this.#status.clearRefusal();
    }
    if (status === "ended" && endedWith !== null) {
      this.#status.end(text.endings[endedWith] ?? text.ended, RESTARTABLE(endedWith));
    }
  }

  #welcomed() {
    const { layout } = this.#client;
    if (layout !== null && this.#layout && layout !== this.#layout.version) {
      void this.#orFail(() => this.#loadLayout(layout));
    }
  }

  /** A seat was clicked. @param {number} index */
  #choose(index) {
    const { map, holds, requests } = this.#client;
    if (requests.pending(index)) return;
    this.#status.clearRefusal();
    const seats = this.#together(index);
    const hold = holds.get(index);
    if (hold?.order) return;
    if (hold) this.#connection.unlock(seats.filter((seat) => holds.has(seat)));
    else if (map.at(index) === "O") this.#refuse({ code: "sold", seats: [index], request: null });
    else if (map.at(index) === "B") this.#refuse({ code: "blocked", seats: [index], request: null });
    else this.#connection.lock(seats);
  }

  /** The seat, with its other half where it is one of a couple. @param {number} index */
  #together(index) {
    const seat = this.#layout?.seats[index];
    return seat?.kind === "couple" && seat.pair ? [index, this.#index(seat.pair)] : [index];
  }

  /** @param {Refusal} refusal */
  #refuse(refusal) {
    const names = this.#names(refusal.seats?.length ? refusal.seats : (refusal.request?.seats ?? []));
    const limit = (this.#client.limits ?? this.#showtime?.limits)?.max_seats ?? 0;
    this.#status.refuse(refusal.code, text.refusal(refusal, names, limit));
  }

  /** @param {{code: string, message?: string}} notice */
  #noticed({ code, message }) {
    const words = code in text.notices ? text.notices[code] : message;
    if (code === "locks_resumed") this.#status.clearNotice("locks_paused");
    if (words) this.#status.notice(code, words);
    if (code === "showtime_changed") void this.#orFail(() => this.#loadShowtime());
  }

  /** @param {string} id */
  #index(id) {
    return this.#indexes.get(id) ?? -1;
  }

  /** @param {number[]} indexes */
  #names(indexes) {
    return indexes.map((index) => this.#layout?.seats[index]?.id ?? String(index));
  }

  /** @param {Seat} seat */
  #price({ zone }) {
    return this.#prices.get(zone) ?? "";
  }
}

/** @param {Event} event @returns {any} */
function detail(event) {
  return /** @type {CustomEvent} */ (event).detail;
}
