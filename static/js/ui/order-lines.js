import { element } from "./dom.js";

/** @typedef {{seat: string, detail: string, price: string, aside?: string, gone?: boolean}} Line one seat, in words */

/**
 * The seats that are bought, one line each. `gone` is struck through; `aside` says why.
 *
 * @param {HTMLElement} root emptied and filled
 * @param {Line[]} lines
 */
export function showLines(root, lines) {
  root.replaceChildren(...lines.map(line));
}

/** @param {Line} line */
function line({ seat, detail, price, aside, gone = false }) {
  const node = element(
    "li",
    { "data-line": seat, class: gone ? "is-gone" : "" },
    element("span", { class: "line-seat", text: seat }),
    element("span", { class: "line-detail", text: aside ? `${detail}, ${aside}` : detail }),
    element("span", { class: "line-price", text: price }),
  );
  return node;
}
