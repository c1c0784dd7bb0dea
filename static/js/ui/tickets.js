/** @import { Ticket } from "../core/types.js" */
/** @import { Words } from "../core/language.js" */

import { element } from "./dom.js";

/** @typedef {{film: string, where: string, when: string, datetime: string, order: string}} Facts that every ticket repeats, in words */

/**
 * The tickets, each whole by itself: printed and cut apart, one is enough to be let in.
 *
 * @param {HTMLElement} root emptied and filled
 * @param {Ticket[]} tickets
 * @param {Facts} facts
 * @param {Words} words
 */
export function showTickets(root, tickets, facts, words) {
  root.replaceChildren(...tickets.map((ticket) => element("li", {}, card(ticket, facts, words))));
}

/** @param {Ticket} ticket @param {Facts} facts @param {Words} words */
function card({ seat, row, number, zone, qr }, { film, where, when, datetime, order }, words) {
  const picture = element("img", {
    class: "ticket-code",
    src: pictureOf(qr),
    alt: words.order.ticketCode(seat),
    width: "220",
    height: "220",
  });
  return element(
    "article",
    { class: "ticket", "data-ticket": seat },
    picture,
    element(
      "div",
      { class: "ticket-facts" },
      element("h3", { text: film }),
      element("p", {}, element("time", { datetime, text: when })),
      element("p", { class: "ticket-where", text: where }),
      element(
        "dl",
        { class: "ticket-place" },
        ...(row ? [pair(words.order.row, row)] : []),
        pair(words.order.seat, row ? String(number) : seat),
        pair(words.order.zone, zone),
      ),
      element("p", { class: "ticket-order", text: `${words.order.number} ${order}` }),
    ),
  );
}

/** @param {string} name @param {string} value */
function pair(name, value) {
  return element("div", {}, element("dt", { text: name }), element("dd", { text: value }));
}

/**
 * The address of a picture that is an SVG element in the server's answer: as an image nothing in it can act.
 *
 * @param {string} svg
 */
function pictureOf(svg) {
  const named = svg.includes("xmlns=") ? svg : svg.replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"');
  return `data:image/svg+xml,${encodeURIComponent(named)}`;
}
