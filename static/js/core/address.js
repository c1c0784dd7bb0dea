/**
 * Where the socket of a showing is.
 *
 * @param {string} showtime
 * @param {{epoch: string | null, version: number}} position that the map is at; epoch null for none
 * @param {boolean} display whether it is for one that will never lock
 * @returns {string} path and query
 */
export function address(showtime, { epoch, version }, display) {
  const query = new URLSearchParams();
  if (epoch !== null) {
    query.set("epoch", epoch);
    query.set("version", String(version));
  }
  if (display) query.set("display", "1");
  const path = `/ws/showtimes/${encodeURIComponent(showtime)}`;
  const text = String(query);
  return text ? `${path}?${text}` : path;
}
