const PHONE = /^(?:\+[1-9]\d{7,14}|0[1-9]\d{8})$/u; // international, or ten digits of Vietnam

/** @param {string} number as `compact` returns it */
export function isPhone(number) {
  return PHONE.test(number);
}

/** @param {string} typed @returns {string} without what people put between the digits of a phone number */
export function compact(typed) {
  return typed.replace(/[\s().-]/gu, "");
}
