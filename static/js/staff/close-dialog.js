/** @import { StaffOrder, StaffRefund } from "../core/refund-choice.js" */
/** @import { Shell } from "./shell.js" */

import { money } from "../core/format.js";
import { dayOf } from "../core/refund-choice.js";
import { hook, setText } from "../ui/dom.js";

/** Asks a manager how a refund ended that did not go its way, and writes that down. */
export class CloseDialog {
  #dialog = /** @type {HTMLDialogElement} */ (hook("[data-close-dialog]"));
  #form = /** @type {HTMLFormElement} */ (hook("[data-close-form]"));
  #shell;
  #onDone;
  #path = "";

  /** @param {Shell} shell @param {(order: StaffOrder) => void} onDone */
  constructor(shell, onDone) {
    this.#shell = shell;
    this.#onDone = onDone;
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#send();
    });
    this.#form.addEventListener("input", () => this.#showDay());
    hook('[data-action="leave"]', this.#form).addEventListener("click", () => this.#dialog.close());
  }

  /** @param {StaffOrder} order @param {StaffRefund} refund one of its own */
  ask(order, refund) {
    this.#path = `/staff/orders/${order.id}/refunds/${refund.reference}/close`;
    this.#form.reset();
    this.#day.min = dayOf(refund.created_at);
    this.#day.max = dayOf(Date.now());
    const amount = money(refund.amount, order.currency, this.#shell.speaker.locale);
    setText(hook("[data-question]", this.#dialog), this.#words.endTitle(amount));
    setText(hook("[data-close-hint]", this.#dialog), this.#words.endHints[refund.state] ?? "");
    // What failed already can only have been paid back otherwise.
    const failed = refund.state === "failed";
    hook('label:has([value="failed"])', this.#form).hidden = failed;
    /** @type {HTMLInputElement} */ (hook('[value="done"]', this.#form)).checked = failed;
    this.#showDay();
    this.#dialog.showModal();
  }

  get #words() {
    return this.#shell.speaker.words.desk;
  }

  get #day() {
    return /** @type {HTMLInputElement} */ (hook("#close-on", this.#form));
  }

  get #reason() {
    return /** @type {HTMLInputElement} */ (hook("#close-reason", this.#form));
  }

  get #outcome() {
    return String(new FormData(this.#form).get("outcome") ?? "");
  }

  #showDay() {
    hook("[data-day]", this.#form).hidden = this.#outcome !== "done";
    this.#showFaults({});
  }

  /** @param {{outcome?: string, on?: string, why?: string}} faults */
  #showFaults({ outcome = "", on = "", why = "" }) {
    for (const [name, fault] of Object.entries({ outcome, on, why })) {
      setText(hook(`[data-fault="${name}"]`, this.#form), fault);
    }
    this.#day.setAttribute("aria-invalid", String(Boolean(on)));
    this.#reason.setAttribute("aria-invalid", String(Boolean(why)));
  }

  async #send() {
    const outcome = this.#outcome;
    const reason = this.#reason.value.trim();
    const { endChoose, endDay, reasonMissing } = this.#words;
    const dated = outcome !== "done" || (this.#day.value !== "" && this.#day.validity.valid);
    const faults = {
      outcome: outcome ? "" : endChoose,
      on: dated ? "" : endDay,
      why: reason ? "" : reasonMissing,
    };
    this.#showFaults(faults);
    if (faults.outcome) hook('input[name="outcome"]', this.#form).focus();
    else if (faults.on) this.#day.focus();
    else if (faults.why) this.#reason.focus();
    if (faults.outcome || faults.on || faults.why) return;
    this.#dialog.close();
    const body = outcome === "done" ? { outcome, on: this.#day.value, reason } : { outcome, reason };
    const changed = await this.#shell.act(this.#path, body);
    if (changed) this.#onDone(changed);
  }
}
