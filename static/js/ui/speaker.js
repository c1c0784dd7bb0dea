/** @import { Language, Words } from "../core/language.js" */

import { languageOf, wordsOf } from "../core/language.js";
import { setText } from "./dom.js";

const KEY = "language";

/**
 * The language that the page speaks, and the switch for it in the page's head.
 *
 * Fills what carries `data-text` (its text) or `data-label` (its accessible name), each a path into the words, and tells
 * with `change` that the rest is to be said anew.
 */
export class Speaker extends EventTarget {
  /** @type {Language} */
  language;

  constructor() {
    super();
    this.language = languageOf(stored(), navigator.languages);
    for (const button of switches()) {
      button.addEventListener("click", () => this.#choose(/** @type {Language} */ (button.dataset.language)));
    }
    this.#speak();
  }

  get words() {
    return wordsOf(this.language);
  }

  get locale() {
    return this.words.locale;
  }

  /** @param {Language} language */
  #choose(language) {
    if (language === this.language) return;
    this.language = language;
    keep(language);
    this.#speak();
    this.dispatchEvent(new Event("change"));
  }

  #speak() {
    document.documentElement.lang = this.language;
    for (const node of all("[data-text]")) setText(node, at(this.words, node.dataset.text));
    for (const node of all("[data-label]")) node.setAttribute("aria-label", at(this.words, node.dataset.label));
    for (const button of switches()) {
      button.setAttribute("aria-pressed", String(button.dataset.language === this.language));
    }
  }
}

/** @param {string} selector @returns {HTMLElement[]} */
function all(selector) {
  return [.../** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll(selector))];
}

function switches() {
  return all("[data-language]");
}

/** @param {Words} words @param {string | undefined} path @returns {string} */
function at(words, path = "") {
  /** @type {any} */
  let found = words;
  for (const part of path.split(".")) found = found?.[part];
  if (typeof found !== "string") throw new Error(`there are no words at ${path}`);
  return found;
}

/** Browsers that keep nothing still speak. */
function stored() {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}

/** @param {string} language */
function keep(language) {
  try {
    localStorage.setItem(KEY, language);
  } catch {
    // The choice holds for this page.
  }
}
