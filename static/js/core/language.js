import { words as en } from "./words-en.js";
import { words as vi } from "./words-vi.js";

/** @typedef {"vi" | "en"} Language */
/** @typedef {typeof en} Words every word of the pages from checkout on, in one language */

/** @type {Record<Language, Words>} */
const WORDS = { vi, en };

/**
 * The language that a person chose here, else the first of those that their browser asks for.
 *
 * @param {string | null} chosen
 * @param {readonly string[]} preferred language tags
 * @returns {Language}
 */
export function languageOf(chosen, preferred) {
  for (const tag of [chosen ?? "", ...preferred]) {
    const [language] = tag.toLowerCase().split("-");
    if (language === "vi" || language === "en") return language;
  }
  return "en";
}

/** @param {Language} language */
export function wordsOf(language) {
  return WORDS[language];
}
