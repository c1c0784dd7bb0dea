/**
 * Reads what a socket delivered.
 *
 * @param {unknown} data
 * @returns {any} the message; null if it is none
 */
export function decode(data) {
  if (typeof data !== "string") return null;
  try {
    const message = JSON.parse(data);
    return typeof message === "object" ? message : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
