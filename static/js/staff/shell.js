/** @import { Question } from "../core/http.js" */

import { ApiError, Http, NetworkError } from "../core/http.js";
import { element, hook, setText } from "../ui/dom.js";
import { Speaker } from "../ui/speaker.js";

/**
 * @typedef {{id: string, login: string, name: string, role: "box_office" | "manager"}} Member
 * @typedef {{href: string, words: "home", manager?: boolean}} Place `words` names its link in the words of staff
 */

/** The pages of staff, in the order of the navigation; `manager` ones are shown to managers alone. @type {Place[]} */
export const PLACES = [{ href: "/staff", words: "home" }];

/**
 * The frame of every page of staff: who is signed in, the way to the others, and the way out.
 *
 * Whoever is not signed in, or is no longer, is taken to the sign-in and comes back from there.
 */
export class Shell {
  #http;
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
  async ask(path, question) {
    try {
      const answer = await this.#http.ask(path, question);
      this.complain("");
      return answer;
    } catch (error) {
      if (!(error instanceof ApiError || error instanceof NetworkError)) throw error;
      if (error instanceof ApiError && error.code === "unauthenticated") leave();
      else this.complain(error instanceof ApiError && error.status < 500 ? error.message : this.words.failed);
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
    const places = PLACES.filter(({ manager }) => !manager || role === "manager");
    hook("[data-places]").replaceChildren(...places.map((place) => element("li", {}, this.#link(place))));
  }

  /** @param {Place} place */
  #link({ href, words }) {
    const current = location.pathname === href ? "page" : undefined;
    return element("a", { href, text: this.words[words], "aria-current": current });
  }

  async #signOut() {
    if (await this.ask("/staff/session", { method: "DELETE" })) location.replace("/staff/sign-in");
  }
}

function leave() {
  location.replace(`/staff/sign-in?next=${encodeURIComponent(location.pathname + location.search)}`);
}
