/** Money, times and durations as people read them. */

/**
 * @param {number} amount in the currency's minor unit
 * @param {string} currency ISO 4217
 * @param {string} locale
 * @returns {string}
 */
export function money(amount, currency, locale) {
  const format = new Intl.NumberFormat(locale, { style: "currency", currency, currencyDisplay: "narrowSymbol" });
  const digits = format.resolvedOptions().maximumFractionDigits ?? 2;
  return format.format(amount / 10 ** digits);
}

/**
 * The day in the cinema's time zone, with its year unless that is the present one.
 *
 * @param {number} at
 * @param {string} timeZone
 * @param {string} locale
 * @param {number} now
 */
export function day(at, timeZone, locale, now) {
  const style = /** @type {const} */ ({ timeZone, weekday: "long", day: "numeric", month: "long" });
  const year = new Intl.DateTimeFormat("en", { timeZone, year: "numeric" });
  const other = year.format(at) !== year.format(now);
  return new Intl.DateTimeFormat(locale, other ? { ...style, year: "numeric" } : style).format(at);
}

/**
 * The time of day in the cinema's time zone, 00:00 to 23:59.
 *
 * @param {number} at
 * @param {string} timeZone
 * @param {string} locale
 */
export function timeOfDay(at, timeZone, locale) {
  const style = /** @type {const} */ ({ hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  return new Intl.DateTimeFormat(locale, { timeZone, ...style }).format(at);
}

/**
 * What is left, as minutes and seconds, to the nearest second: the server's clock is known to a fraction of one only,
 * and a full quarter of an hour shall not begin at 15:01.
 *
 * @param {number} ms
 */
export function minutesSeconds(ms) {
  const seconds = Math.max(0, Math.round(ms / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}
