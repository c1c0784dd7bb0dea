/** @import { Gateway } from "../core/types.js" */
/** @import { Words } from "../core/language.js" */

import { element } from "./dom.js";

/** The ways to pay, of which one is chosen; the first is to begin with. */
export class GatewayChoice {
  #root;

  /** @param {HTMLElement} root emptied and filled */
  constructor(root) {
    this.#root = root;
  }

  /** The id of the one that is chosen; empty without any. */
  get value() {
    return this.#root.querySelector("input:checked")?.getAttribute("value") ?? "";
  }

  /** @param {Gateway[]} gateways @param {Words} words */
  show(gateways, words) {
    const chosen = this.value || gateways[0]?.id;
    this.#root.replaceChildren(...gateways.map((gateway) => choice(gateway, words, gateway.id === chosen)));
  }
}

/** @param {Gateway} gateway @param {Words} words @param {boolean} checked */
function choice(gateway, words, checked) {
  const input = element("input", { type: "radio", name: "gateway", value: gateway.id });
  input.checked = checked;
  const name = element("span", { text: words.gateways[gateway.id] ?? gateway.name });
  return element("label", { class: "choice", "data-gateway": gateway.id }, input, name);
}
