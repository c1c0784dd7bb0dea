/** @import { Showtime } from "../core/types.js" */

import { day, timeOfDay } from "../core/format.js";
import * as text from "../core/text.js";
import { hook, setText } from "./dom.js";

/**
 * Says which film is shown, where and when, in the cinema's own time.
 *
 * @param {Showtime} showtime
 * @param {number} now
 * @param {string} [locale]
 */
export function showTitle({ film, cinema, hall, starts_at }, now, locale = text.locale) {
  const zone = cinema.time_zone;
  const when = `${day(starts_at, zone, locale, now)}, ${timeOfDay(starts_at, zone, locale)}`;
  document.title = `${film.title}, ${when}`;
  setText(hook("[data-film]"), film.title);
  setText(hook("[data-where]"), `${cinema.name}, ${hall.name}`);
  const time = hook("[data-when]");
  setText(time, when);
  time.setAttribute("datetime", new Date(starts_at).toISOString());
}
