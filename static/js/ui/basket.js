import { minutesSeconds } from "../core/format.js";
import * as text from "../core/text.js";
import { element, hook, setText } from "./dom.js";

/** @typedef {{id: string, detail: string, price: string, order: string | null}} Item one own seat, in words; `order`: in payment */

/** When the timer turns urgent. */
const URGENT_MS = 60_000;

/** The own seats, what they cost together, and how long they stay. */
export class Basket {
  #root;
  #list;
  #total;
  #count;
  #timer;
  #pay;
  #release;
  #extend;

  /**
   * @param {HTMLElement} root the panel, with its hooks
   * @param {{checkout: string, onRelease: () => void, onExtend: () => void, onDrop: (seat: string) => void}} actions
   *   `checkout` is the address of the page where the seats are bought
   */
  constructor(root, { checkout, onRelease, onExtend, onDrop }) {
    this.#root = root;
    this.#pay = hook('[data-action="pay"]', root);
    this.#pay.setAttribute("href", checkout);
    this.#list = hook("[data-items]", root);
    this.#total = hook("[data-total]", root);
    this.#count = hook("[data-count]", root);
    this.#timer = hook("[data-hold-timer]", root);
    this.#release = /** @type {HTMLButtonElement} */ (hook('[data-action="release-all"]', root));
    this.#extend = /** @type {HTMLButtonElement} */ (hook('[data-action="extend"]', root));
    this.#release.addEventListener("click", onRelease);
    this.#extend.addEventListener("click", onExtend);
    this.#list.addEventListener("click", (event) => {
      const button = event.target instanceof Element ? event.target.closest("[data-drop]") : null;
      if (button instanceof HTMLElement) onDrop(/** @type {string} */ (button.dataset.drop));
    });
    this.show([], "");
  }

  /**
   * @param {Item[]} items
   * @param {string} total
   */
  show(items, total) {
    this.#root.classList.toggle("is-empty", items.length === 0);
    this.#list.replaceChildren(...items.map(line));
    setText(this.#total, total);
    setText(this.#count, items.length ? text.chosen(items.length) : "");
    const choosing = items.some((item) => item.order === null);
    this.#release.disabled = !choosing;
    this.#pay.hidden = !choosing;
  }

  /**
   * @param {number | null} remainingMs until the first seat ends; null with none to end
   * @param {boolean} extendable
   */
  tick(remainingMs, extendable) {
    setText(this.#timer, remainingMs === null ? "" : minutesSeconds(remainingMs));
    this.#timer.classList.toggle("is-urgent", remainingMs !== null && remainingMs <= URGENT_MS);
    this.#extend.disabled = !extendable;
  }
}

/** @param {Item} item */
function line({ id, detail, price, order }) {
  return element(
    "li",
    { "data-basket-seat": id },
    element("span", { class: "basket-seat", text: id }),
    element("span", { class: "basket-detail", text: detail }),
    element("span", { class: "basket-price", text: price }),
    order === null ? drop(id) : toOrder(order),
  );
}

/** @param {string} id */
function drop(id) {
  return element("button", { class: "drop", type: "button", "data-drop": id, "aria-label": text.giveBack(id) });
}

/** @param {string} order */
function toOrder(order) {
  const href = `/orders/${encodeURIComponent(order)}`;
  return element("a", { class: "basket-order", href, "data-order": order, text: text.page.paying });
}
