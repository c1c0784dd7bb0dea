/** @import { PushSubscriptions } from "../core/push.js" */

import { ApiError, NetworkError } from "../core/http.js";
import { words } from "../core/push.js";
import { setText } from "./dom.js";

const WORKER = "/sw.js";

/**
 * A button by which people ask to be told things, also while no page is open; nothing is asked before they press it.
 *
 * It stays hidden where the browser or the server cannot do it.
 */
export class PushSwitch {
  #button;
  #status;
  #subscriptions;
  #words;
  #on = false;

  /**
   * @param {HTMLButtonElement} button hidden in the page
   * @param {{status: HTMLElement, subscriptions: PushSubscriptions, locale: "vi" | "en"}} parts `status` is where is
   *   told what came of it
   */
  constructor(button, { status, subscriptions, locale }) {
    this.#button = button;
    this.#status = status;
    this.#subscriptions = subscriptions;
    this.#words = words[locale];
    button.addEventListener("click", () => void this.#toggle());
  }

  /** Shows the button as it stands. A browser that subscribed before does so again: its session may be another. */
  async show() {
    if (!("serviceWorker" in navigator && "PushManager" in globalThis && "Notification" in globalThis)) return;
    const kept = await subscriptionOf(await navigator.serviceWorker.getRegistration(WORKER));
    try {
      if (kept) await this.#subscriptions.add(kept.toJSON());
      else await this.#subscriptions.key();
    } catch (error) {
      if (!(error instanceof ApiError || error instanceof NetworkError)) throw error;
      return;
    }
    this.#show(kept !== null);
    this.#button.hidden = false;
  }

  /** The language in which the button speaks from now on. @param {"vi" | "en"} locale */
  speak(locale) {
    this.#words = words[locale];
    setText(this.#status, "");
    if (!this.#button.hidden) this.#show(this.#button.getAttribute("aria-pressed") === "true");
  }

  async #toggle() {
    this.#button.disabled = true;
    setText(this.#status, "");
    try {
      this.#show(this.#on ? await this.#stop() : await this.#start());
    } catch (error) {
      // A DOMException is the browser's: it has no push service, or none that answers.
      if (!(error instanceof ApiError || error instanceof NetworkError || error instanceof DOMException)) throw error;
      setText(this.#status, this.#words.failed);
    } finally {
      this.#button.disabled = false;
    }
  }

  /** @returns {Promise<boolean>} whether it is on */
  async #start() {
    if ((await Notification.requestPermission()) !== "granted") {
      setText(this.#status, this.#words.denied);
      return false;
    }
    await navigator.serviceWorker.register(trusted(WORKER));
    const { pushManager } = await navigator.serviceWorker.ready;
    const applicationServerKey = await this.#subscriptions.key();
    const subscription = await pushManager.subscribe({ userVisibleOnly: true, applicationServerKey });
    await this.#subscriptions.add(subscription.toJSON());
    return true;
  }

  /** @returns {Promise<boolean>} whether it is on */
  async #stop() {
    const kept = await subscriptionOf(await navigator.serviceWorker.getRegistration(WORKER));
    if (kept) {
      await this.#subscriptions.remove(kept.endpoint);
      await kept.unsubscribe();
    }
    return false;
  }

  /** @param {boolean} on */
  #show(on) {
    this.#on = on;
    setText(this.#button, on ? this.#words.off : this.#words.on);
  }
}

/** @param {ServiceWorkerRegistration | undefined} registration */
async function subscriptionOf(registration) {
  return registration ? registration.pushManager.getSubscription() : null;
}

/**
 * The pages' policy wants addresses of scripts to be vouched for; this one stands above.
 *
 * @param {string} url
 * @returns {string}
 */
function trusted(url) {
  const { trustedTypes } = /** @type {any} */ (globalThis);
  const policy = trustedTypes?.createPolicy("service-worker", { createScriptURL: () => WORKER });
  return policy ? policy.createScriptURL(url) : url;
}
