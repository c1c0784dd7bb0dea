/** @import { Api } from "../core/api.js" */
/** @import { Client } from "../core/client.js" */
/** @import { Connection } from "../core/connection.js" */
/** @import { Intent } from "../core/intent.js" */
/** @import { Orders } from "../core/orders.js" */
/** @import { Layout, Showtime, Zone } from "../core/types.js" */
/** @import { Speaker } from "./speaker.js" */

import { ApiError, NetworkError } from "../core/api.js";
import { customerOf } from "../core/customer.js";
import { minutesSeconds, money } from "../core/format.js";
import { refusalOf } from "../core/refusal.js";
import { CheckoutForm } from "./checkout-form.js";
import { hook, setText } from "./dom.js";
import { showLines } from "./order-lines.js";
import { showTitle } from "./title.js";

/** When a person is told that the time is short. */
const SOON_MS = 60_000;

/** The checkout page: the held seats, live, and the form that makes an order of them. */
export class CheckoutPage {
  #id;
  #client;
  #connection;
  #api;
  #orders;
  #intent;
  #speaker;
  #leave;
  #main = hook("[data-page]");
  #form;
  /** @type {Showtime | null} */
  #showtime = null;
  /** @type {Layout | null} */
  #layout = null;
  /** What ran out here. @type {string[]} */
  #ended = [];
  /** @type {"idle" | "asking" | "leaving"} */
  #busy = "idle";
  /** @type {unknown} */
  #refusal = null;

  /**
   * @param {{showtime: string, client: Client, connection: Connection, api: Api, orders: Orders, intent: Intent,
   *   speaker: Speaker, leave: (order: string, url: string) => void}} parts `leave` goes where the order is paid
   */
  constructor({ showtime, client, connection, api, orders, intent, speaker, leave }) {
    this.#id = showtime;
    this.#client = client;
    this.#connection = connection;
    this.#api = api;
    this.#orders = orders;
    this.#intent = intent;
    this.#speaker = speaker;
    this.#leave = leave;
    const form = /** @type {HTMLFormElement} */ (hook("[data-form]"));
    this.#form = new CheckoutForm(form, speaker.words, () => void this.#pay());
    for (const link of document.querySelectorAll("[data-hall-link]")) {
      link.setAttribute("href", `/showtimes/${encodeURIComponent(showtime)}`);
    }
    speaker.addEventListener("change", () => this.#show());
    client.holds.addEventListener("change", () => this.#show());
    client.addEventListener("status", () => this.#show());
    client.addEventListener("granted", () => this.#show());
    client.addEventListener("expired", (event) => {
      this.#ended = this.#names(/** @type {CustomEvent} */ (event).detail.seats);
      this.#show();
    });
  }

  /** Loads the showing and its hall, then connects; says so where that fails. */
  async load() {
    hook("[data-outcome]").hidden = true;
    try {
      this.#showtime = await this.#api.showtime(this.#id);
      this.#layout = await this.#api.layout(this.#id, this.#showtime.layout);
      this.#layout.seats.sort((a, b) => a.index - b.index);
      this.#connection.start();
      this.#show();
    } catch (error) {
      if (!(error instanceof ApiError || error instanceof NetworkError)) throw error;
      const missing = error instanceof ApiError && error.status === 404;
      this.#showOutcome(missing ? this.#words.checkout.noSuchShowing : this.#words.failed, { again: !missing });
      this.#ready();
    }
  }

  /** Ends a back-off early. */
  hurry() {
    if (this.#layout && this.#client.status === "offline") this.#connection.start();
  }

  /** Shows how much time is left. @param {number} now local time */
  tick(now) {
    const { clock, holds } = this.#client;
    const left = holds.remaining(clock.at(now));
    const timer = hook("[data-timer]");
    setText(timer, left === null ? "" : minutesSeconds(left));
    const soon = left !== null && left <= SOON_MS;
    timer.classList.toggle("is-urgent", soon);
    this.#showNotice(soon);
  }

  get #words() {
    return this.#speaker.words;
  }

  /** The seats to be bought, and the order that has others of this person. */
  #holds() {
    const { list } = this.#client.holds;
    return { chosen: list.filter(({ order }) => !order), paying: list.filter(({ order }) => order) };
  }

  #show() {
    if (!this.#showtime || !this.#layout || this.#client.holds.epoch === null) return;
    showTitle(this.#showtime, Date.now(), this.#speaker.locale);
    document.title = `${this.#words.checkout.title}: ${this.#showtime.film.title}`;
    const { chosen, paying } = this.#holds();
    const form = hook("[data-form]");
    const summary = hook("[data-summary]");
    const order = paying[0]?.order ?? null;
    // What is on its way out of here stays as it was: the seats have become the order's, and the page is about to go.
    if (this.#busy === "idle") {
      form.hidden = summary.hidden = chosen.length === 0;
      if (chosen.length) this.#showForm(chosen, paying);
      else this.#showNothing(order, paying);
    }
    this.#showRefusal();
    this.tick(Date.now());
    this.#ready();
  }

  /** @param {{seat: number}[]} chosen @param {{seat: number, order?: string | null}[]} paying */
  #showForm(chosen, paying) {
    hook("[data-outcome]").hidden = true;
    showLines(
      hook("[data-lines]"),
      chosen.map(({ seat }) => {
        const zone = this.#zone(seat);
        return { seat: this.#name(seat), detail: zone?.name ?? "", price: zone ? this.#money(zone.price) : "" };
      }),
    );
    setText(hook("[data-total]"), this.#money(this.#total(chosen)));
    const other = hook("[data-other-order]");
    other.hidden = paying.length === 0;
    if (paying.length) {
      setText(hook("[data-words]", other), this.#words.checkout.inPayment(paying.map(({ seat }) => this.#name(seat))));
      linkTo(hook("[data-order-link]", other), /** @type {string} */ (paying[0].order));
    }
    const gateways = this.#showtime?.gateways ?? [];
    this.#form.show(gateways, this.#words, this.#words.checkout.pay(this.#money(this.#total(chosen))));
    this.#form.busy = gateways.length === 0;
  }

  /** @param {string | null} order @param {{seat: number}[]} paying */
  #showNothing(order, paying) {
    const { checkout } = this.#words;
    const names = paying.map(({ seat }) => this.#name(seat));
    const ended = this.#ended.length ? checkout.ended(this.#ended) : checkout.none;
    const refused = this.#refused();
    this.#showOutcome(order ? checkout.inPayment(names) : (refused?.words ?? ended), { order });
  }

  /** @param {string} words @param {{order?: string | null, again?: boolean}} options */
  #showOutcome(words, { order = null, again = false }) {
    const outcome = hook("[data-outcome]");
    hook("[data-form]").hidden = hook("[data-summary]").hidden = true;
    outcome.hidden = false;
    setText(hook("[data-words]", outcome), words);
    const link = hook("[data-order-link]", outcome);
    link.hidden = order === null;
    if (order) linkTo(link, order);
    hook('[data-action="retry"]', outcome).hidden = !again;
  }

  #showRefusal() {
    const alert = hook("[data-refusal]");
    const refused = this.#refused();
    alert.hidden = refused === null;
    alert.dataset.refusal = refused?.code ?? "";
    setText(hook("[data-words]", alert), refused?.words ?? "");
    const link = hook("[data-order-link]", alert);
    link.hidden = !refused?.order;
    if (refused?.order) linkTo(link, refused.order);
  }

  #refused() {
    return this.#refusal === null ? null : refusalOf(this.#refusal, this.#words, (amount) => this.#money(amount));
  }

  /** @param {boolean} soon */
  #showNotice(soon) {
    const { checkout } = this.#words;
    const notice = hook("[data-notice]");
    const offline = this.#client.status === "offline";
    const none = this.#showtime !== null && !this.#showtime.gateways?.length;
    const words = none ? checkout.noGateway : offline ? checkout.offline : soon ? checkout.soon : "";
    const busy = { idle: "", asking: checkout.asking, leaving: checkout.leaving }[this.#busy];
    setText(notice, busy || words);
    notice.hidden = !(busy || words);
  }

  async #pay() {
    const showtime = /** @type {Showtime} */ (this.#showtime);
    const { chosen } = this.#holds();
    const request = {
      seats: chosen.map(({ seat }) => this.#name(seat)),
      customer: customerOf(this.#form.fields, this.#speaker.language),
      gateway: this.#form.gateway,
      expected_total: this.#total(chosen),
    };
    this.#refusal = null;
    this.#enter("asking");
    try {
      const order = await this.#intent.pursue(request, (key) => this.#orders.checkout(showtime.id, request, key));
      this.#enter("leaving");
      this.#leave(order.id, order.payment.redirect_url ?? `/orders/${encodeURIComponent(order.id)}`);
    } catch (error) {
      if (!(error instanceof ApiError || error instanceof NetworkError)) throw error;
      this.#refusal = error;
      this.#enter("idle");
      await this.#mend(error);
    }
  }

  /** What a refusal says of the page itself: the price is another, a field is odd. @param {ApiError | NetworkError} error */
  async #mend(error) {
    if (!(error instanceof ApiError)) return;
    if (error.code === "bad_request") {
      this.#form.refuse((error.problem.errors ?? []).map((/** @type {{field: string}} */ { field }) => field));
    }
    if (error.problem.total === undefined) return;
    try {
      this.#showtime = await this.#api.showtime(this.#id);
    } catch (failure) {
      if (!(failure instanceof ApiError || failure instanceof NetworkError)) throw failure;
      return; // the next press tells the old total, and is refused again
    }
    this.#show();
  }

  /** @param {"idle" | "asking" | "leaving"} busy */
  #enter(busy) {
    this.#busy = busy;
    this.#form.busy = busy !== "idle";
    this.#show();
  }

  #ready() {
    this.#main.setAttribute("aria-busy", "false");
  }

  /** @param {{seat: number}[]} holds */
  #total(holds) {
    return holds.reduce((sum, { seat }) => sum + (this.#zone(seat)?.price ?? 0), 0);
  }

  /** @param {number} index @returns {Zone | undefined} */
  #zone(index) {
    const zone = this.#layout?.seats[index]?.zone;
    return this.#showtime?.zones.find(({ id }) => id === zone);
  }

  /** @param {number} amount */
  #money(amount) {
    return money(amount, this.#showtime?.zones[0]?.currency ?? "VND", this.#speaker.locale);
  }

  /** @param {number} index */
  #name(index) {
    return this.#layout?.seats[index]?.id ?? String(index);
  }

  /** @param {number[]} indexes */
  #names(indexes) {
    return indexes.map((index) => this.#name(index));
  }
}

/** @param {HTMLElement} link @param {string} order */
function linkTo(link, order) {
  link.setAttribute("href", `/orders/${encodeURIComponent(order)}`);
}
