/** @import { Showtime } from "../core/types.js" */

import { day, timeOfDay } from "../core/format.js";
import * as text from "../core/text.js";
import { hook, setText } from "./dom.js";

/** Says which film is shown, where and when, in the cinema's own time. @param {Showtime} showtime @param {number} now */
export function showTitle({ film, cinema, hall, starts_at }, now) {
  const zone = cinema.time_zone;
  const when = `${day(starts_at, zone, text.locale, now)}, ${timeOfDay(starts_at, zone, text.locale)}`;
  document.title = `${film.title}, ${when}`;
  setText(hook("[data-film]"), film.title);
  setText(hook("[data-where]"), `${cinema.name}, ${hall.name}`);
  const time = hook("[data-when]");
  setText(time, when);
  time.setAttribute("datetime", new Date(starts_at).toISOString());
}
