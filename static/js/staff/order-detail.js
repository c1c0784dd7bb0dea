/** @import { StaffOrder, StaffPayment, StaffRefund } from "../core/refund-choice.js" */
/** @import { Cell } from "./sheet.js" */
/** @import { Shell } from "./shell.js" */

import { money } from "../core/format.js";
import { closable } from "../core/refund-choice.js";
import { element, hook, setText } from "../ui/dom.js";
import { showLines } from "../ui/order-lines.js";
import { CloseDialog } from "./close-dialog.js";
import { RefundForm } from "./refund-form.js";
import { badge, moment, nodeOf, showSheet } from "./sheet.js";
import { TrafficList } from "./traffic.js";

/** One order with all its money, and what staff can do about it. */
export class OrderDetail {
  #root = hook("[data-detail]");
  #shell;
  #form;
  #closing;
  #traffic;
  /** @type {StaffOrder | null} */
  #order = null;
  #onChange;

  /** @param {Shell} shell @param {{onChange: (order: StaffOrder) => void, onClose: () => void}} actions */
  constructor(shell, { onChange, onClose }) {
    this.#shell = shell;
    this.#onChange = onChange;
    this.#form = new RefundForm(shell, (order) => this.#changed(order));
    this.#closing = new CloseDialog(shell, (order) => this.#changed(order));
    this.#traffic = new TrafficList(shell);
    hook('[data-action="close"]', this.#root).addEventListener("click", onClose);
    hook('[data-action="approve"]', this.#root).addEventListener("click", () => void this.#do("approve"));
  }

  /** @param {StaffOrder | null} order null closes it */
  show(order) {
    const other = order !== null && order.id !== this.#order?.id;
    this.#order = order;
    this.#root.hidden = order === null;
    if (order === null) return;
    const { desk, locale } = this.#shell.speaker.words;
    setText(hook("[data-title]", this.#root), order.id);
    const state = hook("[data-badge]", this.#root);
    state.dataset.state = order.state;
    setText(state, desk.states[order.state] ?? order.state);
    const { email, name, phone } = order.customer;
    showPairs(hook("[data-facts]", this.#root), [
      [desk.customer, [name, email, phone].filter(Boolean).join(", ")],
      [desk.film, `${order.film.title}, ${order.hall.name}`],
      [desk.starts, moment(order.starts_at, locale)],
      [desk.ordered, moment(order.created_at, locale)],
      [desk.deadline, moment(order.expires_at, locale)],
      [desk.amount, this.#money(order.amount)],
    ]);
    this.#showSeats(order);
    this.#showAttempts(order.payments);
    this.#showRefunds(order.refunds);
    const manager = this.#shell.member.role === "manager";
    const review = hook("[data-review]", this.#root);
    review.hidden = order.state !== "review";
    hook('[data-action="approve"]', review).hidden = !manager;
    hook("[data-managers-only]", this.#root).hidden = manager;
    this.#form.show(manager ? order : null);
    this.#traffic.show(manager ? order : null);
    if (other) hook("[data-title]", this.#root).focus();
  }

  /** @param {StaffOrder} order */
  #showSeats({ seats, live, refunds }) {
    const given = new Set(refunds.flatMap((refund) => refund.seats));
    const lines = seats.map(({ seat, zone, price }) => {
      const gone = !live.includes(seat);
      const aside = given.has(seat) ? this.#shell.speaker.words.desk.given : "";
      return { seat, detail: zone, price: this.#money(price), gone, aside };
    });
    showLines(hook("[data-lines]", this.#root), lines);
  }

  /** @param {StaffPayment[]} payments */
  #showAttempts(payments) {
    const { desk, locale } = this.#shell.speaker.words;
    const columns = [
      { head: desk.when },
      { head: desk.gateway },
      { head: desk.state },
      { head: desk.captured, number: true },
      { head: desk.code },
      { head: desk.reference },
      { head: desk.gatewayId },
    ];
    const rows = payments.map((payment) => [
      moment(payment.created_at, locale),
      payment.gateway,
      rowOf(badge(payment.state, desk.paymentStates), nodeOf(payment.pays ? desk.pays : "")),
      payment.captured ? this.#money(payment.captured) : "",
      payment.code ?? "",
      element("code", { text: payment.reference }),
      element("code", { text: payment.gateway_id ?? "" }),
    ]);
    showSheet(hook("[data-attempts]", this.#root), columns, rows);
  }

  /** @param {StaffRefund[]} refunds */
  #showRefunds(refunds) {
    const { desk, locale } = this.#shell.speaker.words;
    hook("[data-no-refunds]", this.#root).hidden = refunds.length > 0;
    const columns = [
      { head: desk.when },
      { head: desk.amount, number: true },
      { head: desk.state },
      { head: desk.seats },
      { head: desk.reason },
      { head: desk.by },
      { head: desk.code },
    ];
    /** @type {Cell[][]} */
    const rows = refunds.map((refund) => [
      moment(refund.created_at, locale),
      this.#money(refund.amount),
      rowOf(badge(refund.state, desk.refundStates), ...this.#contradiction(refund), ...this.#acts(refund)),
      refund.seats.join(", "),
      refund.reason,
      refund.by,
      refund.code ?? "",
    ]);
    if (refunds.some(({ closing }) => closing)) {
      columns.push({ head: desk.byHand });
      for (const [i, refund] of refunds.entries()) rows[i].push(this.#byHand(refund));
    }
    showSheet(hook("[data-refunds]", this.#root), columns, rows);
  }

  /** What a manager can do about a refund. @param {StaffRefund} refund @returns {Node[]} */
  #acts(refund) {
    const { state, reference } = refund;
    if (this.#shell.member.role !== "manager") return [];
    const { desk } = this.#shell.speaker.words;
    const acts = [];
    if (state === "failed") {
      const retry = element("button", { class: "button", type: "button", "data-retry": reference, text: desk.retry });
      retry.addEventListener("click", () => void this.#do(`refunds/${reference}/retry`));
      acts.push(retry);
    }
    if (closable(refund, Date.now())) {
      const text = state === "failed" ? desk.endOtherwise : desk.endIt;
      const close = element("button", { class: "button", type: "button", "data-close": reference, text });
      close.addEventListener("click", () => this.#order && this.#closing.ask(this.#order, refund));
      acts.push(close);
    }
    return acts;
  }

  /** How staff said that it ended. @param {StaffRefund} refund @returns {Cell} */
  #byHand({ closing }) {
    if (!closing) return "";
    const words = element("span", { text: this.#shell.speaker.words.desk.endedBy(closing.by, closing.reason) });
    if (closing.on) words.prepend(element("time", { datetime: closing.on, text: closing.on }), ", ");
    return words;
  }

  /** What the gateway said of it otherwise than staff. @param {StaffRefund} refund @returns {Node[]} */
  #contradiction({ closing }) {
    if (!closing?.contradicted) return [];
    const { desk } = this.#shell.speaker.words;
    const state = closing.said ?? "";
    return [element("span", { class: "badge is-bad", text: desk.said(desk.refundStates[state] ?? state) })];
  }

  /** @param {string} what below the order's path */
  async #do(what) {
    const order = /** @type {StaffOrder} */ (this.#order);
    const changed = await this.#shell.act(`/staff/orders/${order.id}/${what}`, {});
    if (changed) this.#changed(changed);
  }

  /** @param {StaffOrder} order */
  #changed(order) {
    this.show(order);
    this.#onChange(order);
  }

  /** @param {number} amount */
  #money(amount) {
    return money(amount, this.#order?.currency ?? "VND", this.#shell.speaker.locale);
  }
}

/** @param {HTMLElement} root @param {[string, Cell][]} pairs */
function showPairs(root, pairs) {
  const items = pairs.map(([name, value]) =>
    element("div", {}, element("dt", { text: name }), element("dd", {}, nodeOf(value))),
  );
  root.replaceChildren(...items);
}

/** @param {Node[]} nodes */
function rowOf(...nodes) {
  return element("span", { class: "cell-row" }, ...nodes);
}
