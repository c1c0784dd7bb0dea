import * as text from "../core/text.js";
import { element } from "./dom.js";
import { seatClasses } from "./look.js";

/**
 * Fills a list with what the looks of the seats mean: the states, and the kinds that this hall has.
 *
 * @param {HTMLElement} root
 * @param {string[]} kinds
 */
export function showLegend(root, kinds) {
  const states = Object.entries(text.legend).map(([state, words]) =>
    item(seatClasses({ kind: "standard", status: state, mine: state === "mine" }), words),
  );
  const others = kinds.filter((kind) => kind !== "standard" && kind in text.kinds);
  const samples = others.map((kind) => item(seatClasses({ kind, status: "A" }), text.kinds[kind]));
  root.replaceChildren(...states, ...samples);
}

/** @param {string} classes @param {string} words */
function item(classes, words) {
  const sample = element("span", { class: `${classes} seat-sample`, "aria-hidden": "true" });
  return element("li", {}, sample, element("span", { text: words }));
}
