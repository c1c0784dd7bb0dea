/** @typedef {{getItem: (key: string) => string | null, setItem: (key: string, value: string) => void}} Kept */

/**
 * The token that opens an order to somebody without the session that bought it.
 *
 * Links in mails carry it in the fragment, which browsers send to nobody. It is kept for the tab alone.
 *
 * @param {string} order
 * @param {string} fragment of the page's address, with or without its `#`
 * @param {Kept | null} storage of the tab; null where the browser keeps nothing
 * @returns {{token: string | null, fresh: boolean}} `fresh`: it stands in the address, and must not stay there
 */
export function accessOf(order, fragment, storage) {
  const key = `order-token:${order}`;
  const given = new URLSearchParams(fragment.replace(/^#/u, "")).get("token");
  if (given) storage?.setItem(key, given);
  return { token: given || (storage?.getItem(key) ?? null), fresh: given !== null };
}
