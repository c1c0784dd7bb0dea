/** @import { Http } from "./http.js" */

/**
 * @typedef {{order: string, reference: string, title: string, amount: number, currency: string, expires_at: number,
 *   server_at: number}} SandboxPayment
 * @typedef {"pay" | "fail" | "cancel" | "suspect"} Decision what the customer does
 * @typedef {"pay" | "fail" | "cancel" | "suspect" | "late" | "twice" | "lost" | "silent"} Choice what the page offers
 */

/**
 * What each choice comes to: what is decided, and how often the shop is told of it.
 *
 * @type {Record<Choice, {decision: Decision | null, tells: number}>}
 */
const MEANING = {
  pay: { decision: "pay", tells: 1 },
  fail: { decision: "fail", tells: 1 },
  cancel: { decision: "cancel", tells: 1 },
  suspect: { decision: "suspect", tells: 1 },
  late: { decision: "pay", tells: 1 },
  twice: { decision: "pay", tells: 2 },
  lost: { decision: "pay", tells: 0 },
  silent: { decision: null, tells: 0 },
};

/** The customer's bank, as it is played. Every method throws ApiError or NetworkError. */
export class Sandbox {
  #http;
  #callbacks;
  #token;

  /** @param {{http: Http, callbacks: Http, token: string}} parts `callbacks` asks paths of this server as they are */
  constructor({ http, callbacks, token }) {
    this.#http = http;
    this.#callbacks = callbacks;
    this.#token = token;
  }

  /** @returns {Promise<SandboxPayment>} */
  payment() {
    return this.#http.ask("/sandbox/payment", { method: "POST", body: { token: this.#token } });
  }

  /**
   * Does what was chosen, and has the shop told of it as a gateway would.
   *
   * @param {Choice} choice
   * @param {string} home where the customer goes if there is nothing to bring back
   * @returns {Promise<string>} the path where the customer goes
   */
  async choose(choice, home) {
    const { decision, tells } = MEANING[choice];
    if (decision === null) return home;
    const body = { token: this.#token, choice: decision };
    const news = await this.#http.ask("/sandbox/decision", { method: "POST", body });
    const ipn = pathOf(news.ipn_url);
    const callback = JSON.parse(news.callback);
    await Promise.all(
      Array.from({ length: tells }, () => this.#callbacks.ask(ipn, { method: "POST", body: callback })),
    );
    return tells ? pathOf(news.return_url) : home;
  }
}

/** The part of an address that is the same under every name of this server. @param {string} url */
function pathOf(url) {
  const { pathname, search } = new URL(url, "http://here.invalid");
  return pathname + search;
}
