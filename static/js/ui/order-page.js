/** @import { Api } from "../core/api.js" */
/** @import { Intent } from "../core/intent.js" */
/** @import { OrderWatch } from "../core/order-watch.js" */
/** @import { View } from "../core/order-view.js" */
/** @import { Orders } from "../core/orders.js" */
/** @import { Order, Showtime } from "../core/types.js" */
/** @import { Speaker } from "./speaker.js" */

import { ApiError, NetworkError } from "../core/http.js";
import { minutesSeconds, money } from "../core/format.js";
import { refusalOf } from "../core/refusal.js";
import { element, hook, setText } from "./dom.js";
import { showLines } from "./order-lines.js";
import { showTickets } from "./tickets.js";
import { showTitle } from "./title.js";

/** When the time left turns urgent. */
const URGENT_MS = 60_000;

/** The gateway did not say where to send the customer. */
const SILENT = "gateway_silent";

/** Stages in which it makes sense to start over. */
const OVER = new Set(["expired", "cancelled", "refunded", "returning", "too_late", "too_late_returned"]);

/** An order's page: how it stands, what can be done, and once it is paid the tickets. */
export class OrderPage {
  #id;
  #token;
  #api;
  #orders;
  #watch;
  #pay;
  #cancel;
  #speaker;
  #go;
  /** @type {Showtime | null} */
  #showtime = null;
  /** @type {ApiError | NetworkError | typeof SILENT | null} */
  #refusal = null;
  #busy = false;
  /** What was shown last: what is the same is left alone, so that nothing is read aloud or loses its focus. */
  #shown = "";

  /**
   * @param {{order: string, token: string | null, api: Api, orders: Orders, watch: OrderWatch, pay: Intent,
   *   cancel: Intent, speaker: Speaker, go: (url: string) => void}} parts
   */
  constructor({ order, token, api, orders, watch, pay, cancel, speaker, go }) {
    this.#id = order;
    this.#token = token;
    this.#api = api;
    this.#orders = orders;
    this.#watch = watch;
    this.#pay = pay;
    this.#cancel = cancel;
    this.#speaker = speaker;
    this.#go = go;
    speaker.addEventListener("change", () => this.#show());
    watch.addEventListener("change", () => void this.#changed());
    watch.addEventListener("failure", (event) => this.#failed(/** @type {CustomEvent} */ (event).detail.error));
    hook('[data-action="print"]').addEventListener("click", () => print());
    const dialog = /** @type {HTMLDialogElement} */ (hook("[data-cancel-dialog]"));
    hook('[data-action="cancel"]').addEventListener("click", () => {
      dialog.returnValue = "";
      dialog.showModal();
    });
    dialog.addEventListener("close", () => dialog.returnValue === "yes" && void this.#giveUp());
  }

  /** Shows how much time is left. */
  tick() {
    const { left, view } = this.#watch;
    if (left === null || view === null) return;
    const timer = hook("[data-timer]");
    setText(timer, view.pays ? minutesSeconds(left) : "");
    timer.classList.toggle("is-urgent", left <= URGENT_MS);
    if (hook("[data-stage]").dataset.stage !== view.stage) this.#show();
  }

  async #changed() {
    const order = /** @type {Order} */ (this.#watch.order);
    if (this.#showtime === null) {
      try {
        this.#showtime = await this.#api.showtime(order.showtime);
      } catch (error) {
        if (!(error instanceof ApiError || error instanceof NetworkError)) throw error;
        this.#failed(error);
        return;
      }
    }
    hook("[data-problem]").hidden = true;
    hook("[data-notice]").hidden = true;
    this.#show();
  }

  /** @param {ApiError | NetworkError} error */
  #failed(error) {
    const { order, failed } = this.#words;
    const unknown = error instanceof ApiError && error.status < 500 && error.code !== "rate_limited";
    if (this.#showtime !== null && !unknown) {
      const notice = hook("[data-notice]");
      setText(notice, order.stale);
      notice.hidden = false;
    } else {
      const problem = hook("[data-problem]");
      setText(hook("[data-words]", problem), unknown ? order.unknown : failed);
      hook('[data-action="retry"]', problem).hidden = unknown;
      problem.hidden = false;
    }
    hook("[data-page]").setAttribute("aria-busy", "false");
  }

  get #words() {
    return this.#speaker.words;
  }

  #show() {
    const { order, view } = this.#watch;
    if (order === null || view === null || this.#showtime === null) return;
    const { server_at, ...facts } = order;
    const shown = JSON.stringify([facts, view, this.#speaker.language, this.#busy, String(this.#refusal)]);
    if (shown === this.#shown) return;
    this.#shown = shown;
    showTitle(this.#showtime, this.#watch.serverNow, this.#speaker.locale);
    document.title = `${this.#words.order.title}: ${order.film.title}`;
    this.#showStage(order, view);
    this.#showActions(order, view);
    this.#showRefusal();
    this.#showTickets(order);
    this.#showRefunds(order);
    this.#showDetails(order);
    hook("[data-page]").setAttribute("aria-busy", "false");
    this.tick();
  }

  /** @param {Order} order @param {View} view */
  #showStage(order, { stage, tone }) {
    const section = hook("[data-stage]");
    const [title, text] = this.#words.order.stages[stage];
    const before = section.dataset.stage;
    section.dataset.stage = stage;
    section.className = `card stage is-${tone}`;
    section.hidden = false;
    setText(hook("[data-stage-title]"), title);
    setText(hook("[data-stage-text]"), text);
    const mail = { paid: this.#words.order.ticketsTo, review: this.#words.order.newsTo }[/** @type {string} */ (stage)];
    setText(hook("[data-mail]"), mail?.(order.email) ?? "");
    // Read aloud when it turns out otherwise while somebody waits, and not when the page is opened.
    if (before && before !== stage) setText(hook("[data-spoken]"), `${title}. ${text}`);
  }

  /** @param {Order} order @param {View} view */
  #showActions(order, { stage, pays }) {
    const url = order.payment.redirect_url;
    const onward = hook('[data-action="continue"]');
    onward.hidden = !(pays && url);
    if (url) onward.setAttribute("href", url);
    hook('[data-action="print"]').hidden = !order.tickets?.length;
    const choose = hook('[data-action="choose"]');
    choose.hidden = !OVER.has(stage);
    choose.setAttribute("href", `/showtimes/${encodeURIComponent(order.showtime)}`);
    hook("[data-actions]").hidden = onward.hidden && choose.hidden && !order.tickets?.length;
    this.#showGateways(order, pays);
    const cancel = /** @type {HTMLButtonElement} */ (hook('[data-action="cancel"]'));
    cancel.hidden = !pays;
    cancel.disabled = this.#busy;
  }

  /** @param {Order} order @param {boolean} pays */
  #showGateways(order, pays) {
    // An attempt that can still be continued is not offered a second time.
    const { gateway: current, redirect_url } = order.payment;
    const others = (order.gateways ?? []).filter(({ id }) => !redirect_url || id !== current);
    const gateways = pays ? others : [];
    hook("[data-again]").hidden = gateways.length === 0;
    const buttons = gateways.map((gateway) => {
      const text = this.#words.order.payWith(gateway.name);
      const button = element("button", { class: "button", type: "button", "data-gateway": gateway.id, text });
      button.disabled = this.#busy;
      button.addEventListener("click", () => void this.#payBy(gateway.id));
      return button;
    });
    hook("[data-gateways]").replaceChildren(...buttons);
  }

  #showRefusal() {
    const alert = hook("[data-refusal]");
    alert.hidden = this.#refusal === null;
    if (this.#refusal === null) return;
    const { code, words } = this.#refused();
    alert.dataset.refusal = code;
    setText(hook("[data-words]", alert), words);
  }

  #refused() {
    const { refusal } = this.#words;
    if (this.#refusal === SILENT) return { code: SILENT, words: refusal.gateway_silent };
    const { code, words } = refusalOf(this.#refusal, this.#words, (amount) => this.#money(amount));
    return { code, words: code === "conflict" ? refusal.closed : words };
  }

  /** @param {Order} order */
  #showTickets(order) {
    const tickets = order.tickets ?? [];
    hook("[data-tickets]").hidden = tickets.length === 0;
    const time = hook("[data-when]");
    const facts = {
      film: order.film.title,
      where: hook("[data-where]").textContent ?? "",
      when: time.textContent ?? "",
      datetime: time.getAttribute("datetime") ?? "",
      order: order.id,
    };
    showTickets(hook("[data-ticket-list]"), tickets, facts, this.#words);
  }

  /** @param {Order} order */
  #showRefunds({ refunds }) {
    hook("[data-refunds]").hidden = refunds.length === 0;
    const { refundStates, ofSeats } = this.#words.order;
    const items = refunds.map(({ amount, state, seats }) =>
      element(
        "li",
        { "data-refund": state },
        element("strong", { text: this.#money(amount) }),
        element("span", { text: [...(seats.length ? [ofSeats(seats)] : []), refundStates[state] ?? state].join(", ") }),
      ),
    );
    hook("[data-refund-list]").replaceChildren(...items);
  }

  /** @param {Order} order */
  #showDetails(order) {
    hook("[data-details]").hidden = false;
    const given = new Set(order.refunds.flatMap(({ seats }) => seats));
    const zones = new Map(this.#showtime?.zones.map(({ id, name }) => [id, name]));
    const lines = order.seats.map(({ seat, zone, price }) => {
      const gone = given.has(seat);
      const aside = gone ? this.#words.order.given_back : "";
      return { seat, detail: zones.get(zone) ?? zone, price: this.#money(price), gone, aside };
    });
    showLines(hook("[data-lines]"), lines);
    setText(hook("[data-total]"), this.#money(order.amount));
    setText(hook("[data-number]"), order.id);
  }

  /** @param {string} gateway */
  async #payBy(gateway) {
    await this.#act(async () => {
      const order = await this.#pay.pursue({ pay: gateway }, (key) =>
        this.#orders.pay(this.#id, gateway, key, this.#token),
      );
      this.#watch.take(order);
      if (order.payment.redirect_url) this.#go(order.payment.redirect_url);
      else this.#refusal = SILENT;
    });
  }

  async #giveUp() {
    await this.#act(async () => {
      const order = await this.#cancel.pursue({ cancel: this.#id }, (key) =>
        this.#orders.cancel(this.#id, key, this.#token),
      );
      this.#watch.take(order);
    });
  }

  /** @param {() => Promise<void>} act after whose refusal the order is looked at again */
  async #act(act) {
    this.#refusal = null;
    this.#busy = true;
    this.#show();
    try {
      await act();
    } catch (error) {
      if (!(error instanceof ApiError || error instanceof NetworkError)) throw error;
      this.#refusal = error;
      await this.#watch.look();
    } finally {
      this.#busy = false;
      this.#show();
    }
  }

  /** @param {number} amount */
  #money(amount) {
    return money(amount, this.#watch.order?.currency ?? "VND", this.#speaker.locale);
  }
}
