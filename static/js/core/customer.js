import { compact, isPhone } from "./phone.js";

/** @typedef {{email: string, phone: string, name: string}} Fields as they stand in the form */
/** @typedef {"email_missing" | "email_odd" | "phone_odd" | "name_long"} Fault */

const EMAIL = /^[^\s@<>"(),:;\\]+@[^\s@<>"(),:;\\.]+(\.[^\s@<>"(),:;\\.]+)+$/u;
const MAX_EMAIL = 254;
const MAX_NAME = 100;

/**
 * What is wrong with a form, by field; the server has the last word.
 *
 * @param {Fields} fields
 * @returns {Partial<Record<keyof Fields, Fault>>}
 */
export function faults(fields) {
  const { email, phone, name } = trimmed(fields);
  /** @type {Partial<Record<keyof Fields, Fault>>} */
  const found = {};
  if (!email) found.email = "email_missing";
  else if (!EMAIL.test(email) || email.length > MAX_EMAIL) found.email = "email_odd";
  if (phone && !isPhone(phone)) found.phone = "phone_odd";
  if (name.length > MAX_NAME) found.name = "name_long";
  return found;
}

/**
 * The customer as checkout wants it; what was left empty is left out.
 *
 * @param {Fields} fields
 * @param {string} locale
 */
export function customerOf(fields, locale) {
  const { email, phone, name } = trimmed(fields);
  return { email, ...(phone && { phone }), ...(name && { name }), locale };
}

/** @param {Fields} fields @returns {Fields} as they are sent */
function trimmed({ email, phone, name }) {
  return { email: email.trim(), phone: compact(phone), name: name.trim() };
}
