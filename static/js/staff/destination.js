/** Where whoever has signed in goes: back to the page of staff that they came for, and never anywhere else. */

const HOME = "/staff";
const PAGE = /^\/staff(?:\/[A-Za-z0-9_-]+)*(?:\?[A-Za-z0-9_=&%.-]*)?$/u;

/** @param {string} search the address' query @returns {string} a path on this server */
export function destination(search) {
  const next = new URLSearchParams(search).get("next") ?? HOME;
  return PAGE.test(next) && !next.startsWith("/staff/sign-in") ? next : HOME;
}
