/**
 * The shapes that cross the wire and the modules; nothing here exists at run time.
 *
 * Times end in `_at` and are milliseconds since the Unix epoch by the server's clock, durations end in `_ms`, money is
 * an integer in the currency's minor unit. On the socket a seat is its index in the layout, over REST its printed id.
 *
 * @typedef {"A" | "L" | "O" | "B"} Letter available, locked, occupied, blocked
 * @typedef {[index: number, letter: string]} Change
 * @typedef {{epoch: string, version: number, seats: string, layout?: number}} Snapshot
 * @typedef {{from: number, version: number, changes: Change[]}} Delta
 * @typedef {{seat: number, expires_at: number, first_at: number, order?: string | null}} Hold
 * @typedef {{max_seats: number, hold_ms: number, max_hold_ms: number}} Limits
 *
 * @typedef {object} Zone
 * @property {string} id
 * @property {string} name
 * @property {number} price
 * @property {string} currency ISO 4217
 *
 * @typedef {object} Showtime
 * @property {string} id
 * @property {{id: string, name: string, time_zone: string}} cinema
 * @property {{id: string, name: string}} hall
 * @property {{id: string, title: string, duration_minutes: number, rating?: string | null}} film
 * @property {number} starts_at
 * @property {number} layout the layout's version
 * @property {{opens_at: number, closes_at: number}} sales
 * @property {Zone[]} zones
 * @property {Limits} limits
 * @property {Record<string, number>} [seats_left] by zone id, in lists only
 * @property {Gateway[]} [gateways] that it may be paid through
 *
 * @typedef {object} Seat
 * @property {number} index
 * @property {string} id
 * @property {string} row
 * @property {string | number} number
 * @property {number} x centre, in units of one seat, from the left
 * @property {number} y centre, in units of one seat, from the screen
 * @property {string} kind standard, vip, couple, wheelchair or companion
 * @property {string} zone
 * @property {string | null} [pair] id of the other half
 *
 * @typedef {{version: number, width: number, height: number, seats: Seat[]}} Layout
 *
 * @typedef {object} Refusal what a request that granted nothing is answered
 * @property {string} code
 * @property {string} [message] the server's own words
 * @property {number[]} [seats]
 * @property {number} [retry_after_ms]
 * @property {"none" | "unknown"} [outcome]
 * @property {Request | null} request the request that was refused, if it is known
 *
 * @typedef {object} Request
 * @property {"lock" | "unlock" | "extend" | "restore" | "auth" | "ping"} type
 * @property {number[]} [seats]
 * @property {"all" | "any"} [mode]
 * @property {string} [receipt]
 * @property {string} [token]
 *
 * @typedef {{id: string, name: string}} Gateway
 *
 * @typedef {object} CheckoutRequest
 * @property {string[]} seats
 * @property {{email: string, phone?: string, name?: string, locale: string}} customer
 * @property {string} gateway
 * @property {number} expected_total
 *
 * @typedef {object} Order
 * @property {string} id
 * @property {string} showtime
 * @property {string} state
 * @property {{seat: string, zone: string, price: number}[]} seats
 * @property {number} amount
 * @property {string} currency
 * @property {number} expires_at the payment deadline
 * @property {{gateway: string, state: string, redirect_url?: string}} payment the one that pays it, or the latest
 * @property {Refund[]} refunds
 * @property {string} email masked
 * @property {Ticket[]} [tickets]
 * @property {{title: string}} film
 * @property {Gateway[]} [gateways] that it may be paid through, while it is open
 * @property {number} [server_at]
 *
 * @typedef {{amount: number, state: string, reason: string, seats: string[]}} Refund
 * @typedef {{seat: string, row: string, number: number, zone: string, code: string, qr: string}} Ticket `qr` is an SVG element
 *
 * @typedef {{kind: "connect", path: string} | {kind: "send", text: string} | {kind: "drop"} | {kind: "session"}} Effect
 */

export {};
