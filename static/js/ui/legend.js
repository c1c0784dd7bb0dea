import * as text from "../core/text.js";
import { element } from "./dom.js";

/**
 * Fills a list with what the looks of the seats mean: the states, and the kinds and prices that this hall has.
 *
 * @param {HTMLElement} root
 * @param {string[]} kinds
 */
export function showLegend(root, kinds) {
  const states = Object.entries(text.legend).map(([state, words]) => {
    const sample = element("span", { class: "seat seat-sample", "aria-hidden": "true", "data-kind": "standard" });
    sample.dataset.status = state === "mine" ? "L" : state;
    sample.dataset.mine = String(state === "mine");
    return item(sample, words);
  });
  const others = kinds.filter((kind) => kind !== "standard" && kind in text.kinds);
  const samples = others.map((kind) => {
    const sample = element("span", { class: "seat seat-sample", "aria-hidden": "true", "data-kind": kind });
    sample.dataset.status = "A";
    return item(sample, text.kinds[kind]);
  });
  root.replaceChildren(...states, ...samples);
}

/** @param {HTMLElement} sample @param {string} words */
function item(sample, words) {
  return element("li", {}, sample, element("span", { text: words }));
}
