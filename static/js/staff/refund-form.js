/** @import { StaffOrder } from "../core/refund-choice.js" */
/** @import { Shell } from "./shell.js" */

import { money } from "../core/format.js";
import { amountOf, leftOf, refundable, worthOf } from "../core/refund-choice.js";
import { element, hook, setText } from "../ui/dom.js";

/** Sends money back, for seats or an amount, after a question that says what follows. */
export class RefundForm {
  #form = /** @type {HTMLFormElement} */ (hook("[data-refund-form]"));
  #dialog = /** @type {HTMLDialogElement} */ (hook("[data-refund-dialog]"));
  #shell;
  #onDone;
  /** @type {StaffOrder | null} */
  #order = null;

  /** @param {Shell} shell @param {(order: StaffOrder) => void} onDone */
  constructor(shell, onDone) {
    this.#shell = shell;
    this.#onDone = onDone;
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#ask();
    });
    this.#form.addEventListener("input", (event) => {
      if (event.target === this.#amount && this.#amount.value) for (const box of this.#boxes()) box.checked = false;
      else if (event.target !== this.#amount && this.#chosen().length) this.#amount.value = "";
      this.#showButton();
      this.#showFaults({});
    });
    this.#dialog.addEventListener("close", () => this.#dialog.returnValue === "yes" && void this.#send());
  }

  /** @param {StaffOrder | null} order null, or one that has nothing to refund, hides the form */
  show(order) {
    const same = order !== null && order.id === this.#order?.id && order.refunds.length === this.#order.refunds.length;
    this.#order = order;
    this.#form.hidden = order === null || !refundable(order);
    if (this.#form.hidden || order === null) return;
    const chosen = same ? this.#chosen() : [];
    if (!same) this.#form.reset();
    setText(hook("[data-left]", this.#form), this.#words.left(this.#money(leftOf(order))));
    const seats = order.seats.filter(({ seat }) => order.live.includes(seat));
    hook("[data-seat-choice]", this.#form).hidden = seats.length === 0;
    hook("[data-seats]", this.#form).replaceChildren(
      ...seats.map(({ seat, price }) => {
        const box = element("input", { type: "checkbox", name: "seat", value: seat });
        box.checked = chosen.includes(seat);
        const text = `${seat}, ${this.#money(price)}`;
        return element("label", { class: "choice" }, box, element("span", { text }));
      }),
    );
    this.#showButton();
    this.#showFaults({});
  }

  get #words() {
    return this.#shell.speaker.words.desk;
  }

  get #amount() {
    return /** @type {HTMLInputElement} */ (hook("#amount", this.#form));
  }

  get #reason() {
    return /** @type {HTMLInputElement} */ (hook("#reason", this.#form));
  }

  /** @returns {HTMLInputElement[]} */
  #boxes() {
    return [...this.#form.querySelectorAll('input[name="seat"]')].filter((box) => box instanceof HTMLInputElement);
  }

  #chosen() {
    return this.#boxes().flatMap((box) => (box.checked ? [box.value] : []));
  }

  /** What would go back; null where nothing, or no amount, is chosen. */
  #worth() {
    const order = /** @type {StaffOrder} */ (this.#order);
    const seats = this.#chosen();
    if (seats.length) return worthOf(order, seats);
    const amount = amountOf(this.#amount.value);
    return amount !== null && amount <= leftOf(order) ? amount : null;
  }

  #showButton() {
    const worth = this.#worth();
    const button = /** @type {HTMLButtonElement} */ (hook('[data-action="refund"]', this.#form));
    setText(button, worth === null ? this.#words.refundNothing : this.#words.refund(this.#money(worth)));
  }

  /** @param {{amount?: string, reason?: string}} faults */
  #showFaults({ amount = "", reason = "" }) {
    this.#showFault(this.#amount, amount);
    this.#showFault(this.#reason, reason);
  }

  /** @param {HTMLInputElement} input @param {string} fault */
  #showFault(input, fault) {
    setText(hook(`[data-fault="${input.name}"]`, this.#form), fault);
    input.setAttribute("aria-invalid", String(Boolean(fault)));
  }

  #ask() {
    const worth = this.#worth();
    const reason = this.#reason.value.trim() ? "" : this.#words.reasonMissing;
    this.#showFaults({ amount: worth === null ? this.#words.amountOdd : "", reason });
    if (worth === null) this.#amount.focus();
    else if (reason) this.#reason.focus();
    if (worth === null || reason) return;
    const seats = this.#chosen();
    const { refundAsk, refundAskSeats, refundAskAmount } = this.#words;
    setText(hook("[data-question]", this.#dialog), refundAsk(this.#money(worth)));
    setText(hook("[data-consequence]", this.#dialog), seats.length ? refundAskSeats(seats.join(", ")) : refundAskAmount);
    this.#dialog.returnValue = "";
    this.#dialog.showModal();
  }

  async #send() {
    const order = /** @type {StaffOrder} */ (this.#order);
    const seats = this.#chosen();
    const what = seats.length ? { seats } : { amount: this.#worth() };
    const button = /** @type {HTMLButtonElement} */ (hook('[data-action="refund"]', this.#form));
    button.disabled = true;
    const body = { ...what, reason: this.#reason.value.trim() };
    const changed = await this.#shell.act(`/staff/orders/${order.id}/refunds`, body);
    button.disabled = false;
    if (changed) this.#onDone(changed);
  }

  /** @param {number} amount */
  #money(amount) {
    return money(amount, this.#order?.currency ?? "VND", this.#shell.speaker.locale);
  }
}
