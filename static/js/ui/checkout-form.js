/** @import { Gateway } from "../core/types.js" */
/** @import { Words } from "../core/language.js" */
/** @import { Fields } from "../core/customer.js" */

import { faults } from "../core/customer.js";
import { hook, setText } from "./dom.js";
import { GatewayChoice } from "./gateway-choice.js";

const NAMES = /** @type {const} */ (["email", "phone", "name"]);

/** The form: who buys, and how they pay. Tells faults at their fields, and leads to the first. */
export class CheckoutForm {
  #form;
  #gateways;
  #button;
  /** @type {Words} */
  #words;
  /** By field, as a key of `words.faults`. @type {Record<string, string>} */
  #faults = {};

  /** @param {HTMLFormElement} form @param {Words} words @param {() => void} onPay called with a form that has no fault */
  constructor(form, words, onPay) {
    this.#form = form;
    this.#words = words;
    this.#gateways = new GatewayChoice(hook("[data-gateways]", form));
    this.#button = /** @type {HTMLButtonElement} */ (hook('[data-action="pay"]', form));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (this.#check()) onPay();
    });
    // Once a fault was told it goes away as soon as it is mended, and none is told before the button was pressed.
    form.addEventListener("input", () => Object.keys(this.#faults).length && this.#show(this.#found()));
  }

  /** @returns {Fields} */
  get fields() {
    const [email, phone, name] = NAMES.map((field) => this.#input(field).value);
    return { email, phone, name };
  }

  get gateway() {
    return this.#gateways.value;
  }

  /** @param {Gateway[]} gateways @param {Words} words @param {string} label of the button */
  show(gateways, words, label) {
    this.#words = words;
    this.#gateways.show(gateways, words);
    setText(this.#button, label);
    this.#show(this.#faults);
  }

  /** While an answer is awaited nothing can be changed, and nothing asked twice. @param {boolean} busy */
  set busy(busy) {
    for (const name of NAMES) this.#input(name).readOnly = busy;
    this.#button.disabled = busy;
    this.#form.setAttribute("aria-busy", String(busy));
  }

  /** The server did not accept these fields. @param {string[]} fields */
  refuse(fields) {
    const own = fields.map((field) => field.replace(/^customer\./u, "")).filter((field) => this.#slot(field));
    this.#show(Object.fromEntries(own.map((field) => [field, "refused"])));
    this.#focusFirst();
  }

  #check() {
    this.#show(this.#found());
    this.#focusFirst();
    return Object.keys(this.#faults).length === 0;
  }

  /** @returns {Record<string, string>} */
  #found() {
    return { ...faults(this.fields), ...(this.gateway ? {} : { gateway: "gateway" }) };
  }

  /** @param {Record<string, string>} found */
  #show(found) {
    this.#faults = found;
    for (const field of [...NAMES, "gateway"]) {
      const fault = found[field];
      setText(hook(`[data-fault="${field}"]`, this.#form), fault ? this.#words.faults[fault] : "");
      if (field !== "gateway") this.#input(field).setAttribute("aria-invalid", String(Boolean(fault)));
    }
  }

  #focusFirst() {
    const first = NAMES.find((field) => this.#faults[field]);
    if (first) this.#input(first).focus();
  }

  /** @param {string} field */
  #slot(field) {
    return this.#form.querySelector(`[data-fault="${CSS.escape(field)}"]`);
  }

  /** @param {string} field */
  #input(field) {
    return /** @type {HTMLInputElement} */ (hook(`[name="${field}"]`, this.#form));
  }
}
