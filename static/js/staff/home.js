import { element, hook, setText } from "../ui/dom.js";
import { Shell } from "./shell.js";

/** @typedef {{at: number, actor: string, actor_name: string | null, action: string, subject: string, subject_name: string | null}} Act */

const shell = new Shell((url, init) => fetch(url, init));
const rows = hook("[data-acts]");
const more = hook('[data-action="more"]');

/** @type {Act[]} */
let acts = [];
/** @type {string | null} */
let next = null;
let known = false;

/** @param {number} at @param {boolean} [day] */
function time(at, day = true) {
  const style = /** @type {const} */ ({ hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  const date = /** @type {const} */ ({ day: "2-digit", month: "2-digit", ...style, second: "2-digit" });
  return new Intl.DateTimeFormat(shell.speaker.locale, day ? date : style).format(at);
}

/** @param {Act} act */
function row({ at, actor, actor_name, action, subject, subject_name }) {
  const words = shell.words;
  const whom = subject === "staff:unknown" ? words.unknown : (subject_name ?? subject);
  return element(
    "tr",
    {},
    element("td", {}, element("time", { datetime: new Date(at).toISOString(), text: time(at) })),
    element("td", { text: actor_name ?? words.actors[actor] ?? actor }),
    element("td", { text: words.actions[action] ?? action }),
    element("td", { text: whom }),
  );
}

function show() {
  if (!known) return;
  const { name, role } = shell.member;
  setText(hook("[data-greeting]"), shell.words.greeting(name));
  setText(hook("[data-until]"), shell.words.until(time(shell.expiresAt, false)));
  hook("[data-audit]").hidden = role !== "manager";
  rows.replaceChildren(...acts.map(row));
  more.hidden = next === null;
}

async function load() {
  const page = await shell.ask(`/staff/audit?limit=20${next ? `&cursor=${encodeURIComponent(next)}` : ""}`);
  if (!page) return;
  acts = [...acts, ...page.records];
  next = page.next;
  show();
}

shell.speaker.addEventListener("change", show);
more.addEventListener("click", load);
known = await shell.enter();
if (known) {
  hook("main").setAttribute("aria-busy", "false");
  show();
  if (shell.member.role === "manager") await load();
}
