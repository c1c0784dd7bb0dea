import { Api } from "../core/api.js";
import { Client } from "../core/client.js";
import { Http } from "../core/http.js";
import { Intent } from "../core/intent.js";
import { Orders } from "../core/orders.js";
import { PushSubscriptions } from "../core/push.js";
import { CheckoutPage } from "../ui/checkout-page.js";
import { hook } from "../ui/dom.js";
import { PushSwitch } from "../ui/push.js";
import { Speaker } from "../ui/speaker.js";
import { ask, connectionOf, wait } from "./browser.js";

const showtime = decodeURIComponent(location.pathname.split("/")[2] ?? "");

const api = new Api(ask);
const client = new Client({ showtime });
const connection = connectionOf(client, api);
const speaker = new Speaker();
const http = new Http(ask);
const page = new CheckoutPage({
  showtime,
  client,
  connection,
  api,
  orders: new Orders(http),
  intent: new Intent({ wait }),
  speaker,
  /** @param {string} order @param {string} url */
  leave(order, url) {
    // Who comes back from the gateway comes back to the order: this form has done its work.
    history.replaceState(null, "", `/orders/${encodeURIComponent(order)}`);
    location.assign(url);
  },
});

addEventListener("online", () => page.hurry());
addEventListener("pageshow", (event) => event.persisted && location.reload());
document.addEventListener("visibilitychange", () => document.hidden || page.hurry());
setInterval(() => page.tick(Date.now()), 250);
hook('[data-action="retry"]').addEventListener("click", () => page.load());
await page.load();

// It is asked for last: nothing of the way to a ticket waits for it.
const reminder = new PushSwitch(/** @type {HTMLButtonElement} */ (hook('[data-action="remind"]')), {
  status: hook("[data-reminder-status]"),
  subscriptions: new PushSubscriptions(http, speaker.language),
  locale: speaker.language,
});
speaker.addEventListener("change", () => reminder.speak(speaker.language));
await reminder.show();
