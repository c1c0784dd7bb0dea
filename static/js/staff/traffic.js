/** @import { StaffOrder } from "../core/refund-choice.js" */
/** @import { Cell } from "./sheet.js" */
/** @import { Shell } from "./shell.js" */

import { element, hook, setText } from "../ui/dom.js";
import { moment, nodeOf } from "./sheet.js";

/**
 * @typedef {{id: string, at: number, gateway: string, kind: string, reference: string}} Said
 * @typedef {Said & {direction: "out", took_ms: number, failure: string | null, status: number | null, sent: string,
 *   answer: string | null}} Call
 * @typedef {Said & {direction: "in", verified: boolean, verdict: string, address: string | null,
 *   last_address: string | null, last_at: number, seen: number, received: string}} Message
 */

/** Verdicts that nobody has to look at. */
const GOOD = new Set(["recorded", "already"]);

/** What was said to gateways and by them about an order, once a manager asks for it. */
export class TrafficList {
  #root = hook("[data-traffic]");
  #button = hook('[data-action="traffic"]', this.#root);
  #shell;
  /** @type {StaffOrder | null} */
  #order = null;
  /** Null until it was asked for. @type {(Call | Message)[] | null} */
  #said = null;
  /** @type {string | null} */
  #next = null;
  /** What is unfolded, by id. @type {Set<string>} */
  #open = new Set();

  /** @param {Shell} shell */
  constructor(shell) {
    this.#shell = shell;
    this.#button.addEventListener("click", () => void this.#load(this.#next));
  }

  /** @param {StaffOrder | null} order null where nobody may look at it */
  show(order) {
    const changed = order !== this.#order;
    if (order?.id !== this.#order?.id) {
      this.#said = this.#next = null;
      this.#open.clear();
    }
    this.#order = order;
    this.#root.hidden = order === null;
    this.#fill();
    if (changed && this.#said) void this.#load(null);
  }

  /** @param {string | null} cursor null for the newest, which take the place of all that is shown */
  async #load(cursor) {
    const order = /** @type {StaffOrder} */ (this.#order);
    const more = cursor === null ? "" : `?cursor=${encodeURIComponent(cursor)}`;
    const page = await this.#shell.ask(`/staff/orders/${encodeURIComponent(order.id)}/traffic${more}`);
    // Asked for twice, a page is told once.
    if (!page || this.#order?.id !== order.id || (cursor !== null && cursor !== this.#next)) return;
    this.#said = cursor === null ? page.traffic : [...(this.#said ?? []), ...page.traffic];
    this.#next = page.next;
    this.#fill();
  }

  #fill() {
    const { desk } = this.#shell.speaker.words;
    setText(this.#button, this.#said ? desk.more : desk.showTraffic);
    this.#button.hidden = this.#said !== null && this.#next === null;
    hook("[data-no-traffic]", this.#root).hidden = this.#said?.length !== 0;
    hook("[data-said]", this.#root).replaceChildren(...(this.#said ?? []).map((said) => this.#entry(said)));
  }

  /** @param {Call | Message} said */
  #entry(said) {
    const { desk, locale } = this.#shell.speaker.words;
    const arrow = said.direction === "in" ? "←" : "→";
    const way = element("span", { class: "way", role: "img", "aria-label": desk.ways[said.direction], text: arrow });
    const name = element("strong", { text: `${said.gateway} ${said.kind}` });
    const summary = element("summary", {}, way, moment(said.at, locale), name, this.#outcome(said));
    const details = element("details", { "data-said-id": said.id, "data-direction": said.direction }, summary);
    details.open = this.#open.has(said.id);
    details.addEventListener("toggle", () => this.#open[details.open ? "add" : "delete"](said.id));
    details.append(...(said.direction === "in" ? this.#message(said) : this.#call(said)));
    return element("li", {}, details);
  }

  /** @param {Call | Message} said */
  #outcome(said) {
    const { desk } = this.#shell.speaker.words;
    const [text, good] =
      said.direction === "in"
        ? [desk.verdicts[said.verdict] ?? said.verdict, GOOD.has(said.verdict)]
        : said.failure
          ? [desk.callFailures[said.failure] ?? said.failure, false]
          : [desk.answered, true];
    return element("span", { class: good ? "badge" : "badge is-bad", text });
  }

  /** @param {Call} call @returns {Node[]} */
  #call({ reference, took_ms, status, sent, answer }) {
    const { desk } = this.#shell.speaker.words;
    const facts = pairs([
      [desk.reference, element("code", { text: reference })],
      [desk.took, desk.seconds(took_ms)],
      [desk.httpStatus, status === null ? "–" : String(status)],
    ]);
    return [facts, ...body(desk.sent, sent), ...body(desk.answer, answer ?? "")];
  }

  /** @param {Message} message @returns {Node[]} */
  #message({ reference, address, last_address, last_at, seen, received }) {
    const { desk, locale } = this.#shell.speaker.words;
    /** @type {[string, Cell][]} */
    const facts = [
      [desk.reference, element("code", { text: reference })],
      [desk.from, address ?? "–"],
      [desk.times, String(seen)],
    ];
    if (seen > 1) facts.push([desk.lastAt, moment(last_at, locale)], [desk.lastFrom, last_address ?? "–"]);
    return [pairs(facts), ...body(desk.received, received)];
  }
}

/** @param {[string, Cell][]} facts */
function pairs(facts) {
  const items = facts.map(([name, value]) =>
    element("div", {}, element("dt", { text: name }), element("dd", {}, nodeOf(value))),
  );
  return element("dl", { class: "pairs" }, ...items);
}

/** What was said, word for word; it may be long, so it can be moved by itself. @param {string} name @param {string} text */
function body(name, text) {
  if (!text) return [];
  const label = element("p", { class: "hint", text: name });
  return [label, element("pre", { role: "region", "aria-label": name, tabindex: "0", text })];
}
