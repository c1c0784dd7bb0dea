import { element } from "../ui/dom.js";

/** @typedef {string | Node} Cell */
/** @typedef {{head: string, number?: boolean}} Column `number`: stands at the right */

/**
 * Fills a table.
 *
 * @param {HTMLElement} table emptied and filled; hidden with its frame while there are no rows
 * @param {Column[]} columns
 * @param {Cell[][]} rows
 */
export function showSheet(table, columns, rows) {
  const heads = columns.map(({ head, number }) =>
    element("th", { scope: "col", class: number ? "is-number" : "", text: head }),
  );
  const body = rows.map((cells) =>
    element(
      "tr",
      {},
      ...cells.map((cell, i) => element("td", { class: columns[i].number ? "is-number" : "" }, nodeOf(cell))),
    ),
  );
  table.replaceChildren(element("thead", {}, element("tr", {}, ...heads)), element("tbody", {}, ...body));
  const frame = table.closest(".sheet");
  if (frame instanceof HTMLElement) frame.hidden = rows.length === 0;
}

/** Day and time where the page is read, with the year of another. @param {number} at @param {string} locale */
export function moment(at, locale) {
  const time = /** @type {const} */ ({ hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
  const other = new Date(at).getFullYear() !== new Date().getFullYear();
  const date = /** @type {const} */ ({ day: "2-digit", month: "2-digit" });
  const style = other ? /** @type {const} */ ({ ...date, year: "numeric", ...time }) : { ...date, ...time };
  const text = new Intl.DateTimeFormat(locale, style).format(at);
  return element("time", { datetime: new Date(at).toISOString(), text });
}

/** @param {string} state @param {Record<string, string>} words */
export function badge(state, words) {
  return element("span", { class: "badge", "data-state": state, text: words[state] ?? state });
}

/** @param {Cell} cell @returns {Node} */
export function nodeOf(cell) {
  return typeof cell === "string" ? document.createTextNode(cell) : cell;
}
