import { Api } from "../core/api.js";
import { Http } from "../core/http.js";
import { Intent } from "../core/intent.js";
import { accessOf } from "../core/order-access.js";
import { OrderWatch } from "../core/order-watch.js";
import { Orders } from "../core/orders.js";
import { hook } from "../ui/dom.js";
import { OrderPage } from "../ui/order-page.js";
import { Speaker } from "../ui/speaker.js";
import { ask, timers, wait } from "./browser.js";

const order = decodeURIComponent(location.pathname.split("/")[2] ?? "");
const { token, fresh } = accessOf(order, location.hash, tabStorage());
if (fresh) history.replaceState(null, "", location.pathname);

const orders = new Orders(new Http(ask));
const watch = new OrderWatch(() => orders.order(order, token), { timers, now: () => Date.now() });
const page = new OrderPage({
  order,
  token,
  api: new Api(ask),
  orders,
  watch,
  pay: new Intent({ wait }),
  cancel: new Intent({ wait }),
  speaker: new Speaker(),
  go: (url) => location.assign(url),
});

// A second link to the same page only changes the fragment: it may bring the token that was missing.
addEventListener("hashchange", () => location.hash.includes("token=") && location.reload());
addEventListener("online", () => void watch.look());
addEventListener("pageshow", (event) => event.persisted && void watch.look());
document.addEventListener("visibilitychange", () => document.hidden || void watch.look());
hook('[data-action="retry"]').addEventListener("click", () => void watch.look());
setInterval(() => page.tick(), 250);
await watch.look();

/** @returns {Storage | null} */
function tabStorage() {
  try {
    return sessionStorage;
  } catch {
    return null;
  }
}
