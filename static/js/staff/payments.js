import { money } from "../core/format.js";
import { element, hook, setText } from "../ui/dom.js";
import { moment, showSheet } from "./sheet.js";
import { Shell } from "./shell.js";

/**
 * @typedef {{gateway: string, attempts: Record<string, number>, success: number | null, confirm_p50_ms: number | null,
 *   confirm_p95_ms: number | null}} GatewayFigures
 * @typedef {Record<string, number> & {currency: any}} MoneyFigures
 * @typedef {{job: number, order: string, kind: string, attempts: number, error: string, died_at: number}} DeadLetter
 */

const AGAIN_MS = 10_000;

/** Where any at all want somebody to look. */
const ALARMING = new Set([
  ...["failed_refunds", "contradictions", "mismatches"],
  ...["unanswered", "reviews", "overdue", "dead_letters"],
]);

const shell = new Shell((url, init) => fetch(url, init));
const span = /** @type {HTMLSelectElement} */ (hook("#window"));
const notice = hook("[data-notice]");

/** @type {any} */
let figures = null;
/** @type {DeadLetter[]} */
let dead = [];

function show() {
  if (!figures) return;
  const { desk, locale } = shell.speaker.words;
  setText(hook("[data-updated]"), desk.updated(moment(figures.at, locale).textContent ?? ""));
  hook("[data-figures]").replaceChildren(...Object.entries(desk.figures).map(([name, words]) => figure(name, words)));
  showGateways();
  showMoney();
  showDead();
}

/** @param {string} name @param {string} words */
function figure(name, words) {
  const { desk, locale } = shell.speaker.words;
  const count = figures[name];
  const node = element("div", { "data-figure": name }, element("dt", { text: words }));
  node.classList.toggle("is-alarming", ALARMING.has(name) && count > 0);
  node.append(element("dd", { text: String(count) }));
  if (name === "open_refunds" && figures.oldest_refund_at) {
    const time = moment(figures.oldest_refund_at, locale).textContent ?? "";
    node.append(element("dd", { class: "hint", text: desk.oldest(time) }));
  }
  return node;
}

function showGateways() {
  const { desk, locale } = shell.speaker.words;
  /** @type {GatewayFigures[]} */
  const gateways = figures.gateways;
  const states = Object.keys(desk.paymentStates).filter((state) => gateways.some(({ attempts }) => attempts[state]));
  const columns = [
    { head: desk.gateway },
    ...states.map((state) => ({ head: desk.paymentStates[state], number: true })),
    { head: desk.success, number: true },
    { head: desk.confirmed, number: true },
    { head: desk.confirmedMost, number: true },
  ];
  const percent = new Intl.NumberFormat(locale, { style: "percent", maximumFractionDigits: 1 });
  const time = (/** @type {number | null} */ ms) => (ms === null ? "–" : desk.seconds(ms));
  const rows = gateways.map(({ gateway, attempts, success, confirm_p50_ms, confirm_p95_ms }) => [
    gateway,
    ...states.map((state) => String(attempts[state] ?? 0)),
    success === null ? "–" : percent.format(success),
    time(confirm_p50_ms),
    time(confirm_p95_ms),
  ]);
  showSheet(hook("[data-gateways]"), columns, rows);
  hook("[data-no-attempts]").hidden = rows.length > 0;
}

function showMoney() {
  const { desk, locale } = shell.speaker.words;
  /** @type {MoneyFigures[]} */
  const rows = figures.money;
  const columns = Object.values(desk.moneyOf).map((head) => ({ head, number: true }));
  const cells = rows.map((row) => Object.keys(desk.moneyOf).map((name) => money(row[name], row.currency, locale)));
  showSheet(hook("[data-money]"), columns, cells);
  hook("[data-money-section]").hidden = rows.length === 0;
}

function showDead() {
  const { desk, locale } = shell.speaker.words;
  const columns = [desk.when, desk.effect, desk.orders, desk.error].map((head) => ({ head }));
  const rows = dead.map(({ job, order, kind, attempts, error, died_at }) => [
    moment(died_at, locale),
    desk.kinds[kind] ?? kind,
    element("a", { href: `/staff/orders?order=${encodeURIComponent(order)}`, text: order }),
    error,
    String(attempts),
    again(job),
  ]);
  showSheet(hook("[data-dead]"), [...columns, { head: desk.tries, number: true }, { head: "" }], rows);
  hook("[data-no-dead]").hidden = rows.length > 0;
}

/** @param {number} job @returns {Node} */
function again(job) {
  if (shell.member.role !== "manager") return document.createTextNode("");
  const text = shell.speaker.words.desk.retry;
  const button = element("button", { class: "button", type: "button", "data-retry": String(job), text });
  button.addEventListener("click", async () => {
    button.disabled = true;
    if (await shell.act(`/staff/outbox/${job}/retry`, {})) {
      setText(notice, shell.speaker.words.desk.retried);
      notice.hidden = false;
    }
    await load();
  });
  return button;
}

async function load() {
  const answer = await shell.ask(`/staff/payments?window_ms=${span.value}`);
  const outbox = answer && (await shell.ask("/staff/outbox"));
  if (!outbox) return;
  figures = { ...answer, at: answer.since + Number(span.value) };
  dead = outbox.dead;
  show();
}

span.addEventListener("change", () => void load());
shell.speaker.addEventListener("change", show);
if (await shell.enter()) {
  await load();
  hook("main").setAttribute("aria-busy", "false");
  setInterval(() => document.hidden || void load(), AGAIN_MS);
}
