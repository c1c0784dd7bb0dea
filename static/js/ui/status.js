import * as text from "../core/text.js";
import { hook, setText } from "./dom.js";

/** What the page tells its person beside the hall: the connection, the others who look, news, refusals. */
export class Status {
  #body = document.body;
  #connection = hook("[data-connection-text]");
  #viewers = hook("[data-viewers]");
  #refusal = hook("[data-refusal]");
  #notice = hook("[data-notice]");
  #ending = hook("[data-ending]");

  constructor() {
    hook('[data-action="dismiss"]', this.#refusal).addEventListener("click", () => this.clearRefusal());
    hook('[data-action="dismiss"]', this.#notice).addEventListener("click", () => this.clearNotice());
  }

  /** @param {"connecting" | "live" | "offline" | "ended"} status */
  connection(status) {
    this.#body.dataset.connection = status;
    for (const each of Object.keys(text.connection)) this.#body.classList.toggle(`is-${each}`, each === status);
    setText(this.#connection, text.connection[status]);
    if (status !== "ended") this.#ending.hidden = true;
  }

  /** @param {number} count */
  viewers(count) {
    this.#viewers.dataset.viewers = String(count);
    setText(this.#viewers, count > 0 ? text.viewers(count) : "");
  }

  /** Says why something was not granted, until the next thing happens. @param {string} code @param {string} words */
  refuse(code, words) {
    this.#say(this.#refusal, "refusal", code, words);
  }

  /** @param {string} code @param {string} words */
  notice(code, words) {
    this.#say(this.#notice, "notice", code, words);
  }

  clearRefusal() {
    this.#say(this.#refusal, "refusal", "", "");
  }

  /** @param {string} [code] only this one */
  clearNotice(code) {
    if (code === undefined || this.#notice.dataset.notice === code) this.#say(this.#notice, "notice", "", "");
  }

  /** The connection is over for good. @param {string} words @param {boolean} restartable */
  end(words, restartable) {
    setText(hook("[data-ending-text]", this.#ending), words);
    hook('[data-action="restart"]', this.#ending).hidden = !restartable;
    this.#ending.hidden = false;
  }

  /** @param {HTMLElement} node @param {string} name @param {string} code @param {string} words */
  #say(node, name, code, words) {
    node.dataset[name] = code;
    node.hidden = words === "";
    hook("[data-words]", node).textContent = words; // set anew even if equal: a second refusal is to be read aloud too
  }
}
