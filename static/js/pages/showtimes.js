/** @import { Showtime } from "../core/types.js" */

import { Api, ApiError, NetworkError } from "../core/api.js";
import * as text from "../core/text.js";
import { element, hook } from "../ui/dom.js";
import { showShowtimes } from "../ui/showtimes.js";
import { ask } from "./browser.js";

const api = new Api(ask);
const list = hook("[data-showtimes]");
const message = hook("[data-message]");
const more = hook('[data-action="more"]');

/** @type {Showtime[]} */
let showtimes = [];
/** @type {string | null} */
let next = null;

async function load() {
  message.textContent = text.page.loading;
  more.hidden = true;
  try {
    const answer = await api.showtimes(next);
    showtimes = [...showtimes, ...answer.showtimes];
    next = answer.next;
    showShowtimes(list, showtimes, Date.now());
    message.textContent = showtimes.length ? "" : text.page.noShowtimes;
    more.textContent = text.page.more;
    more.hidden = next === null;
  } catch (error) {
    if (!(error instanceof ApiError || error instanceof NetworkError)) throw error;
    message.replaceChildren(element("span", { role: "alert", text: text.page.failed }));
    more.textContent = text.page.retry;
    more.hidden = false;
  }
  list.setAttribute("aria-busy", "false");
}

more.addEventListener("click", load);
await load();
