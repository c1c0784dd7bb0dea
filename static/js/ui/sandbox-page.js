/** @import { Choice, Sandbox, SandboxPayment } from "../core/sandbox.js" */
/** @import { Speaker } from "./speaker.js" */

import { ServerClock } from "../core/clock.js";
import { minutesSeconds, money } from "../core/format.js";
import { ApiError, NetworkError } from "../core/http.js";
import { hook, setText } from "./dom.js";

/** How long after the deadline a payment is late without doubt. */
const LATE_MS = 1_000;

/** The page that plays the customer's bank. */
export class SandboxPage {
  #sandbox;
  #speaker;
  #go;
  #clock = new ServerClock();
  /** @type {SandboxPayment | null} */
  #payment = null;
  /** @type {"" | "working" | "done" | "failedToTell" | "unknown" | "failed"} */
  #state = "";
  /** Whether the person asked to pay late, and the deadline has not come. */
  #waiting = false;

  /** @param {{sandbox: Sandbox, speaker: Speaker, go: (path: string) => void}} parts */
  constructor({ sandbox, speaker, go }) {
    this.#sandbox = sandbox;
    this.#speaker = speaker;
    this.#go = go;
    speaker.addEventListener("change", () => this.#show());
    for (const button of buttons()) {
      button.addEventListener("click", () => void this.#chosen(/** @type {Choice} */ (button.dataset.choice)));
    }
  }

  /** Learns what is to be paid. */
  async load() {
    try {
      this.#payment = await this.#sandbox.payment();
      this.#clock.learn(this.#payment.server_at, Date.now());
      this.#state = "";
    } catch (error) {
      if (!(error instanceof ApiError || error instanceof NetworkError)) throw error;
      this.#state = error instanceof ApiError && error.status < 500 ? "unknown" : "failed";
    }
    this.#show();
    hook("[data-page]").setAttribute("aria-busy", "false");
  }

  /** Somebody came back to the page: what was under way is over. */
  wake() {
    if (this.#state === "done" || this.#state === "working") this.#state = "";
    this.#show();
  }

  /** Shows how much time is left, and pays when it was asked to do so late. */
  tick() {
    if (this.#payment === null) return;
    const left = this.#left;
    const { sandbox } = this.#words;
    setText(hook("[data-timer]"), left > 0 ? minutesSeconds(left) : "");
    setText(hook("[data-deadline]"), left > 0 ? sandbox.deadline : sandbox.over);
    const late = hook('[data-choice="late"] strong');
    setText(late, left > -LATE_MS ? sandbox.late : sandbox.lateNow);
    if (this.#waiting && left <= -LATE_MS) void this.#chosen("late");
  }

  get #left() {
    return (this.#payment?.expires_at ?? 0) - this.#clock.at(Date.now());
  }

  get #words() {
    return this.#speaker.words;
  }

  /** @param {Choice} choice */
  async #chosen(choice) {
    if (this.#payment === null || this.#state === "working" || this.#state === "done") return;
    this.#waiting = choice === "late" && this.#left > -LATE_MS;
    if (this.#waiting) {
      this.#show();
      return;
    }
    this.#state = "working";
    this.#show();
    try {
      const path = await this.#sandbox.choose(choice, `/orders/${encodeURIComponent(this.#payment.order)}`);
      this.#state = "done";
      this.#go(path);
    } catch (error) {
      if (!(error instanceof ApiError || error instanceof NetworkError)) throw error;
      this.#state = "failedToTell";
    }
    this.#show();
  }

  #show() {
    const { sandbox, failed } = this.#words;
    const known = this.#payment !== null;
    document.title = sandbox.title;
    hook("[data-payment]").hidden = hook("[data-choices]").hidden = !known;
    if (this.#payment) {
      const { title, amount, currency, reference } = this.#payment;
      setText(hook("[data-what]"), title);
      setText(hook("[data-amount]"), money(amount, currency, this.#speaker.locale));
      setText(hook("[data-reference]"), reference);
    }
    const busy = this.#state === "working" || this.#state === "done";
    for (const button of buttons()) {
      button.disabled = busy;
      button.setAttribute("aria-pressed", String(this.#waiting && button.dataset.choice === "late"));
    }
    const words = this.#state === "failed" ? failed : this.#state === "" ? "" : sandbox[this.#state];
    const notice = hook("[data-notice]");
    setText(notice, words || (this.#waiting ? sandbox.lateWaiting : ""));
    notice.hidden = notice.textContent === "";
    this.tick();
  }
}

/** @returns {HTMLButtonElement[]} */
function buttons() {
  return [.../** @type {NodeListOf<HTMLButtonElement>} */ (document.querySelectorAll("button[data-choice]"))];
}
