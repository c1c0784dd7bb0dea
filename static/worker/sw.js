/**
 * The service worker: shows what is pushed, and opens the page that it is about. Served at /sw.js.
 *
 * A push is `{title, body, url, tag, lang}` in JSON; `url` is a path of this site.
 */

const worker = /** @type {ServiceWorkerGlobalScope} */ (/** @type {unknown} */ (self));

worker.addEventListener("install", () => void worker.skipWaiting());
worker.addEventListener("activate", (event) => event.waitUntil(worker.clients.claim()));

worker.addEventListener("push", (event) => {
  const { title, body, url, tag, lang } = event.data?.json() ?? {};
  event.waitUntil(
    worker.registration.showNotification(title ?? "CineBook Live", {
      body,
      tag,
      lang,
      icon: "/static/img/icon.svg",
      data: { path: pathOf(url) },
    }),
  );
});

worker.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(show(event.notification.data?.path ?? "/"));
});

/** A window that shows the page already comes forward; else a new one opens. @param {string} path */
async function show(path) {
  const windows = await worker.clients.matchAll({ type: "window", includeUncontrolled: true });
  const open = windows.find((window) => new URL(window.url).pathname === path);
  return open ? open.focus() : worker.clients.openWindow(path);
}

/** Only ever a page of this site. @param {unknown} url @returns {string} */
function pathOf(url) {
  if (typeof url !== "string") return "/";
  try {
    const { origin, pathname, search } = new URL(url, worker.location.origin);
    return origin === worker.location.origin ? pathname + search : "/";
  } catch {
    return "/";
  }
}
