/** @import { Refusal } from "./types.js" */

/** Every word of the list of showings and of the seat map; those of the other pages are in `words-en.js`. */

export const locale = "en-GB";

/** @type {Record<string, string>} */
export const kinds = {
  standard: "Standard",
  vip: "VIP",
  couple: "Couple seat",
  wheelchair: "Wheelchair space",
  companion: "Companion seat",
};

/** @type {Record<string, string>} */
export const states = {
  A: "available",
  L: "being chosen by someone else",
  O: "sold",
  B: "not for sale",
  mine: "yours",
  paying: "yours, in payment",
  pending: "asking for it",
  "": "not known yet",
};

export const legend = {
  A: "Available",
  mine: "Yours",
  L: "Being chosen",
  O: "Sold",
  B: "Not for sale",
};

/** @type {Record<string, string>} */
export const connection = {
  connecting: "Connecting",
  live: "Live",
  offline: "Reconnecting",
  ended: "Stopped",
};

/** What to say when the connection is over for good, by close code. @type {Record<number, string>} */
export const endings = {
  4501: "Your session has ended. Start again to choose seats.",
  4502: "The server did not understand this page. Reload it to go on.",
  4503: "This showing has been closed.",
  4504: "There is no such showing.",
};

export const ended = "The connection has been stopped.";

/**
 * @param {{row: string, number: string | number, kind: string}} seat
 * @param {string} price
 * @param {string} state one of `states`
 */
export function seatLabel(seat, price, state) {
  const kind = seat.kind === "standard" ? "" : `, ${kinds[seat.kind] ?? seat.kind}`;
  return `Row ${seat.row}, seat ${seat.number}${kind}, ${price}, ${states[state] ?? state}`;
}

/** @param {string[]} names of seats */
function seatNames(names) {
  return `${names.length === 1 ? "Seat" : "Seats"} ${listOf(names)}`;
}

/** @param {string[]} names */
function listOf(names) {
  return new Intl.ListFormat(locale, { type: "conjunction" }).format(names);
}

/** @param {number} count */
export function viewers(count) {
  return count === 1 ? "Only you are looking" : `${count} people are looking`;
}

/** @param {number} count */
export function chosen(count) {
  return count === 1 ? "1 seat" : `${count} seats`;
}

/** @param {string} seat */
export function giveBack(seat) {
  return `Give ${seat} back`;
}

/** @param {number} count */
export function seatsLeft(count) {
  if (count === 0) return "Sold out";
  return count === 1 ? "1 seat left" : `${count} seats left`;
}

/** @param {string} price */
export function from(price) {
  return `from ${price}`;
}

/** @param {number} minutes */
export function duration(minutes) {
  const hours = Math.floor(minutes / 60);
  return hours ? `${hours} h ${minutes % 60} min` : `${minutes} min`;
}

/** @param {string[]} names */
export function expired(names) {
  return `Your time for ${listOf(names)} has run out. You can choose again.`;
}

/** @param {string[]} names @param {string} left */
export function expiring(names, left) {
  return `${left} left for ${listOf(names)}. Extend if you need more time.`;
}

/** @param {string[]} names */
export function lost(names) {
  return `${seatNames(names)} could not be kept when the system restarted.`;
}

/**
 * Why a request granted nothing, in words for the person who asked.
 *
 * @param {Refusal} refusal
 * @param {string[]} names of the seats concerned; those that are not free, or those asked for
 * @param {number} maxSeats
 */
export function refusal({ code, message, outcome, request }, names, maxSeats) {
  const who = names.length ? seatNames(names) : "These seats";
  const many = names.length !== 1;
  switch (code) {
    case "seats_unavailable":
      return `${who} ${many ? "are" : "is"} no longer free: somebody else was faster. Please choose another.`;
    case "not_enough_seats":
      return "There are not enough fitting seats left.";
    case "limit_exceeded":
      return `You can hold at most ${maxSeats} seats. Give one back to choose another.`;
    case "seat_rule":
      return "These seats go together only: couple seats as a pair, a companion seat with its wheelchair space.";
    case "not_held":
      return `${who} ${many ? "are" : "is"} not yours any more.`;
    case "hold_cap":
      return "The time for these seats cannot be extended any further.";
    case "gone":
      return `Your time for ${names.length ? listOf(names) : "these seats"} has run out.`;
    case "unknown_seat":
      return "There is no such seat in this hall. Please reload the page.";
    case "bad_request":
      return "The server did not understand that. Please reload the page.";
    case "read_only":
      return "That could not be asked for just now. Please try again.";
    case "no_session":
      return "Nothing was taken, because no session could be opened. Please try again in a moment.";
    case "not_admitted":
      return "It is not your turn yet. Please wait a moment.";
    case "rate_limited":
      return "That was a little fast. Please wait a moment and try again.";
    case "sales_closed":
      return "Seats for this showing are not on sale now.";
    case "unavailable":
      return outcome === "unknown"
        ? "The answer is late. Your seats will show here as soon as it is known."
        : `That did not work${request?.type === "lock" ? ", nothing was taken" : ""}. Please try again in a moment.`;
    case "offline":
      return "Not connected right now. Reconnecting; please try again in a moment.";
    case "sold":
      return `${who} ${many ? "are" : "is"} already sold. Please choose another.`;
    case "blocked":
      return `${who} ${many ? "are" : "is"} not for sale. Please choose another.`;
    default:
      return message || "That did not work. Please try again.";
  }
}

/** What `notice` messages say, by code; null where there is nothing to tell. @type {Record<string, string | null>} */
export const notices = {
  draining: "The system is being renewed. You will be reconnected in a moment; your seats stay yours.",
  locks_paused: "Choosing seats is paused for a moment. You keep what you hold.",
  locks_resumed: null,
  showtime_changed: "This showing has been changed. Please check its details.",
};

export const page = {
  loading: "Loading",
  noShowtimes: "There are no showings at the moment.",
  more: "Show more",
  retry: "Try again",
  notFound: "There is no such showing.",
  failed: "The page could not be loaded. The server does not answer.",
  salesClosed: "Sales closed",
  sessionFailed: "You can only watch for now: no session could be opened.",
  paying: "In payment",
  seats: "Seats",
  screen: "Screen",
  farAhead: "Demo halls",
};
