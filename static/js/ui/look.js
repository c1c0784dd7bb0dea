/** How a state looks: classes, for the style sheet; tests and scripts go by `data-*`. */

/** @type {Record<string, string>} */
const STATUS = { A: "is-available", L: "is-locked", O: "is-occupied", B: "is-blocked" };

/**
 * The classes of a seat.
 *
 * @param {{kind: string, status: string, mine?: boolean, pending?: boolean, half?: "left" | "right" | null}} seat
 * @returns {string}
 */
export function seatClasses({ kind, status, mine = false, pending = false, half = null }) {
  const classes = ["seat", `is-${kind}`];
  if (half) classes.push(`is-half-${half}`);
  if (mine) classes.push("is-mine");
  else if (status in STATUS) classes.push(STATUS[status]);
  if (pending) classes.push("is-pending");
  return classes.join(" ");
}
