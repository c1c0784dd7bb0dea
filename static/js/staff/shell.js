/** @import { Question } from "../core/http.js" */

import { ApiError, Http, NetworkError } from "../core/http.js";
import { Intent } from "../core/intent.js";
import { element, hook, setText } from "../ui/dom.js";
import { Speaker } from "../ui/speaker.js";

/**
 * @typedef {{id: string, login: string, name: string, role: "box_office" | "manager"}} Member
 * @typedef {import("../core/language.js").Words} Words
 * @typedef {{href: string, name: (words: Words) => string}} Place
 */

/** The pages of staff, in the order of the navigation. @type {Place[]} */
const PLACES = [
  { href: "/staff", name: ({ staff }) => staff.home },
  { href: "/staff/orders", name: ({ desk }) => desk.orders },
  { href: "/staff/payments", name: ({ desk }) => desk.payments },
];

/**
 * The frame of every page of staff: who is signed in, the way to the others, and the way out.
 *
 * Whoever is not signed in, or is no longer, is taken to the sign-in and comes back from there.
 */
export class Shell {
  #http;
  #intent = new Intent({ wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)) });
  /** @type {Member | null} */
  #member = null;
  expiresAt = 0;

  /** @param {(url: string, init?: RequestInit) => Promise<Response>} fetch */
  constructor(fetch) {
    this.#http = new Http(fetch);
    this.speaker = new Speaker();
    this.speaker.addEventListener("change", () => this.#show());
    hook('[data-action="sign-out"]').addEventListener("click", () => this.#signOut());
  }

  get words() {
    return this.speaker.words.staff;
  }

  /** @returns {Member} only after `enter` */
  get member() {
    if (!this.#member) throw new Error("nobody is known yet");
    return this.#member;
  }

  /** Learns who is signed in. @returns {Promise<boolean>} false where the page is left, or the server does not answer */
  async enter() {
    const session = await this.ask("/staff/session");
    if (!session) return false;
    this.#member = session.account;
    this.expiresAt = session.expires_at;
    this.#show();
    return true;
  }

  /**
   * Asks the server; what goes wrong is said on the page.
   *
   * @param {string} path
   * @param {Question} [question]
   * @returns {Promise<any>} the answer; null where there was none to be had
   */
  ask(path, question) {
    return this.#saying(() => this.#http.ask(path, question));
  }

  /**
   * Has something done once, however often it has to be asked for; what goes wrong is said on the page.
   *
   * @param {string} path
   * @param {object} body
   * @returns {Promise<any>} the answer; null where there was none to be had
   */
  act(path, body) {
    const ask = (/** @type {string} */ key) =>
      this.#http.ask(path, { method: "POST", body, headers: { "Idempotency-Key": key } });
    return this.#saying(() => this.#intent.pursue([path, body], ask));
  }

  /** @param {() => Promise<any>} work */
  async #saying(work) {
    try {
      const answer = await work();
      this.complain("");
      return answer;
    } catch (error) {
      if (!(error instanceof ApiError || error instanceof NetworkError)) throw error;
      if (error instanceof ApiError && error.code === "unauthenticated") leave();
      else this.complain(error instanceof ApiError && error.status < 500 ? saidBy(error) : this.words.failed);
      return null;
    }
  }

  /** @param {string} text nothing hides it */
  complain(text) {
    const alert = hook("[data-complaint]");
    setText(alert, text);
    alert.hidden = !text;
  }

  #show() {
    document.title = `${this.words.title} · CineBook Live`;
    if (!this.#member) return;
    const { name, role } = this.#member;
    setText(hook("[data-member]"), name);
    setText(hook("[data-role]"), this.words.roles[role]);
    const places = PLACES.map((place) => element("li", {}, this.#link(place)));
    hook("[data-places]").replaceChildren(...places);
  }

  /** @param {Place} place */
  #link({ href, name }) {
    const current = location.pathname === href ? "page" : undefined;
    return element("a", { href, text: name(this.speaker.words), "aria-current": current });
  }

  async #signOut() {
    if (await this.ask("/staff/session", { method: "DELETE" })) location.replace("/staff/sign-in");
  }
}

/** @param {ApiError} error with what is wrong in particular, where the server says it */
function saidBy({ message, problem }) {
  const faults = (problem.errors ?? []).map((/** @type {{message: string}} */ fault) => fault.message);
  return [message, ...faults].join(" ");
}

function leave() {
  location.replace(`/staff/sign-in?next=${encodeURIComponent(location.pathname + location.search)}`);
}
