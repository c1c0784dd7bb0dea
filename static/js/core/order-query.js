import { compact, isPhone } from "./phone.js";

/**
 * What staff may be told by a customer: an address, a phone number, an order's number, a reference of ours or of the
 * gateway's.
 *
 * @param {string} text as it was typed
 * @param {string} state that the orders must be in; empty for any
 * @returns {Record<string, string>[]} the questions that it may mean, the likeliest first
 */
export function questionsOf(text, state) {
  /** @type {Record<string, string>} */
  const more = state ? { state } : {};
  const typed = text.trim();
  if (!typed) return [more];
  return meanings(typed).map((meaning) => ({ ...meaning, ...more }));
}

/** @param {string} typed @returns {Record<string, string>[]} */
function meanings(typed) {
  if (typed.includes("@")) return [{ email: typed }];
  const number = compact(typed);
  if (isPhone(number)) return [{ phone: number }, ...(number.startsWith("+") ? [] : [{ gateway_id: number }])];
  if (/^[a-z2-7]{24}$/u.test(typed)) return [{ order: typed }, { reference: typed }];
  return [{ gateway_id: typed }];
}
