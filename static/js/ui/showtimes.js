/** @import { Showtime } from "../core/types.js" */

import { day, money, timeOfDay } from "../core/format.js";
import * as text from "../core/text.js";
import { element } from "./dom.js";

/** What is further ahead belongs to no programme: it is there to be tried, and comes first. */
const FAR_AHEAD_MS = 365 * 24 * 3_600_000;

/**
 * The list of showings: a section per cinema and day, a card per film, a link per showing.
 *
 * @param {HTMLElement} root emptied and filled
 * @param {Showtime[]} showtimes
 * @param {number} now
 */
export function showShowtimes(root, showtimes, now) {
  const far = showtimes.filter(({ starts_at }) => starts_at - now > FAR_AHEAD_MS);
  const near = showtimes.filter((showtime) => !far.includes(showtime));
  const sections = [...sectionsOf(far, now, text.page.farAhead), ...sectionsOf(near, now)];
  root.replaceChildren(...sections);
}

/** @param {Showtime[]} showtimes @param {number} now @param {string} [name] instead of the cinema's */
function sectionsOf(showtimes, now, name) {
  const groups = group(showtimes, ({ cinema, starts_at }) => `${cinema.id} ${date(cinema, starts_at, now)}`);
  return groups.map((showings) => section(showings, now, name ?? showings[0].cinema.name));
}

/** @param {Showtime["cinema"]} cinema @param {number} at @param {number} now */
function date(cinema, at, now) {
  return day(at, cinema.time_zone, text.locale, now);
}

/** @param {Showtime[]} showings of one cinema and day @param {number} now @param {string} name */
function section(showings, now, name) {
  const [{ cinema, starts_at }] = showings;
  const cards = group(showings, ({ film }) => film.id).map((ofFilm) => card(ofFilm, now));
  const heading = element("h2", {}, element("span", { text: name }));
  heading.append(" ", element("span", { class: "day", text: date(cinema, starts_at, now) }));
  return element("section", { class: "showings" }, heading, element("div", { class: "films" }, ...cards));
}

/** @param {Showtime[]} showings of one film @param {number} now */
function card(showings, now) {
  const [{ film }] = showings;
  const facts = element("p", { class: "facts" }, element("span", { text: text.duration(film.duration_minutes) }));
  if (film.rating) facts.prepend(element("span", { class: "rating", text: film.rating }));
  const sorted = [...showings].sort((a, b) => a.starts_at - b.starts_at);
  const times = element("ul", { class: "times" }, ...sorted.map((showing) => element("li", {}, link(showing, now))));
  return element("article", { class: "film" }, element("h3", { text: film.title }), facts, times);
}

/** @param {Showtime} showing @param {number} now */
function link({ id, cinema, hall, starts_at, sales, zones, seats_left }, now) {
  const left = Object.values(seats_left ?? {}).reduce((sum, count) => sum + count, 0);
  const closed = now < sales.opens_at || now >= sales.closes_at;
  const cheapest = zones.length ? zones.reduce((a, b) => (b.price < a.price ? b : a)) : null;
  const node = element(
    "a",
    { class: "time", href: `/showtimes/${encodeURIComponent(id)}`, "data-showtime": id },
    element("time", {
      datetime: new Date(starts_at).toISOString(),
      text: timeOfDay(starts_at, cinema.time_zone, text.locale),
    }),
    element("span", { text: hall.name }),
    element("span", { class: "left", text: closed ? text.page.salesClosed : text.seatsLeft(left) }),
  );
  if (cheapest && !closed && left > 0) {
    const price = money(cheapest.price, cheapest.currency, text.locale);
    node.append(element("span", { text: zones.length > 1 ? text.from(price) : price }));
  }
  node.classList.toggle("is-over", closed || left === 0);
  return node;
}

/**
 * @template T
 * @param {T[]} items
 * @param {(item: T) => string} key
 * @returns {T[][]} in the order of their first items
 */
function group(items, key) {
  /** @type {Map<string, T[]>} */
  const groups = new Map();
  for (const item of items) {
    const found = groups.get(key(item));
    if (found) found.push(item);
    else groups.set(key(item), [item]);
  }
  return [...groups.values()];
}
