/** @import { StaffOrder } from "../core/refund-choice.js" */

import { money } from "../core/format.js";
import { questionsOf } from "../core/order-query.js";
import { underWay } from "../core/refund-choice.js";
import { element, hook } from "../ui/dom.js";
import { OrderDetail } from "./order-detail.js";
import { badge, moment, showSheet } from "./sheet.js";
import { Shell } from "./shell.js";

/** How often an order is read again while its refunds are under way. */
const AGAIN_MS = 3_000;

const shell = new Shell((url, init) => fetch(url, init));
const form = /** @type {HTMLFormElement} */ (hook("[data-find]"));
const more = hook('[data-action="more"]');
const detail = new OrderDetail(shell, { onChange: changed, onClose: () => void open(null) });

/** @type {StaffOrder[]} */
let orders = [];
/** What found them, to ask on with. @type {Record<string, string>} */
let question = {};
/** @type {string | null} */
let next = null;
/** @type {StaffOrder | null} */
let shown = null;

function show() {
  const { desk, locale } = shell.speaker.words;
  const columns = [
    { head: desk.ordered },
    { head: desk.customer },
    { head: desk.film },
    { head: desk.seats },
    { head: desk.amount, number: true },
    { head: desk.state },
  ];
  const rows = orders.map((order) => [
    moment(order.created_at, locale),
    link(order),
    order.film.title,
    order.seats.map(({ seat }) => seat).join(", "),
    money(order.amount, order.currency, locale),
    badge(order.state, desk.states),
  ]);
  showSheet(hook("[data-found]"), columns, rows);
  hook("[data-none]").hidden = orders.length > 0;
  more.hidden = next === null;
  detail.show(shown);
}

/** @param {StaffOrder} order */
function link({ id, customer }) {
  const href = `?order=${encodeURIComponent(id)}`;
  const text = [customer.name, customer.email].filter(Boolean).join(", ");
  const node = element("a", { href, "data-order": id, text });
  node.addEventListener("click", (event) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    void open(id);
  });
  return node;
}

/** Asks each question that the words may mean until one finds something. */
async function find() {
  const fields = new FormData(form);
  for (const each of questionsOf(String(fields.get("what") ?? ""), String(fields.get("state") ?? ""))) {
    const page = await shell.ask("/staff/orders/search", { method: "POST", body: each });
    if (!page) return;
    [question, orders, next] = [each, page.orders, page.next];
    if (orders.length) break;
  }
  show();
}

async function findMore() {
  const page = await shell.ask("/staff/orders/search", { method: "POST", body: { ...question, cursor: next } });
  if (!page) return;
  orders = [...orders, ...page.orders];
  next = page.next;
  show();
}

/** @param {string | null} id of the order to be looked at @param {boolean} [remember] in the browser's history */
async function open(id, remember = true) {
  shown = id === null ? null : await shell.ask(`/staff/orders/${encodeURIComponent(id)}`);
  if (remember) history.pushState(null, "", shown ? `?order=${encodeURIComponent(shown.id)}` : location.pathname);
  show();
}

/** @param {StaffOrder} order */
function changed(order) {
  shown = order;
  orders = orders.map((other) => (other.id === order.id ? order : other));
  show();
}

/** Follows money that is on its way. */
async function follow() {
  const { id, refunds } = shown ?? { id: "", refunds: [] };
  if (document.hidden || !refunds.some(underWay)) return;
  const order = await shell.ask(`/staff/orders/${encodeURIComponent(id)}`);
  if (order && shown?.id === id && JSON.stringify(order) !== JSON.stringify(shown)) changed(order);
}

const wanted = () => new URLSearchParams(location.search).get("order");

form.addEventListener("submit", (event) => {
  event.preventDefault();
  void find();
});
more.addEventListener("click", () => void findMore());
addEventListener("popstate", () => void open(wanted(), false));
shell.speaker.addEventListener("change", show);
if (await shell.enter()) {
  await find();
  if (wanted()) await open(wanted(), false);
  hook("main").setAttribute("aria-busy", "false");
  setInterval(() => void follow(), AGAIN_MS);
}
