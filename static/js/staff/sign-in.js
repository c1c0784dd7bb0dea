import { ApiError, Http, NetworkError } from "../core/http.js";
import { minutesSeconds } from "../core/format.js";
import { hook, setText } from "../ui/dom.js";
import { Speaker } from "../ui/speaker.js";
import { destination } from "./destination.js";

const http = new Http((url, init) => fetch(url, init));
const speaker = new Speaker();
const form = /** @type {HTMLFormElement} */ (hook("form"));
const login = /** @type {HTMLInputElement} */ (hook("#login"));
const password = /** @type {HTMLInputElement} */ (hook("#password"));
const button = /** @type {HTMLButtonElement} */ (hook('[data-action="sign-in"]'));
const complaint = hook("[data-complaint]");

/** What is complained of, said in whichever language; null for nothing. @type {(() => string) | null} */
let why = null;

function show() {
  document.title = `${speaker.words.staff.signInTitle} · CineBook Live`;
  setText(button, button.disabled ? speaker.words.staff.asking : speaker.words.staff.signIn);
  setText(complaint, why?.() ?? "");
  complaint.hidden = !why;
}

/** @param {unknown} error @returns {() => string} */
function reason(error) {
  if (error instanceof ApiError) {
    const { code, retryAfterMs, message, status } = error;
    if (code === "unauthenticated") return () => speaker.words.staff.wrong;
    if (code === "rate_limited") return () => speaker.words.staff.wait(minutesSeconds(retryAfterMs ?? 0));
    if (status < 500) return () => message;
  } else if (!(error instanceof NetworkError)) throw error;
  return () => speaker.words.staff.failed;
}

async function signIn() {
  button.disabled = true;
  why = null;
  show();
  try {
    await http.ask("/staff/session", { method: "POST", body: { login: login.value.trim(), password: password.value } });
    location.replace(destination(location.search));
  } catch (error) {
    why = reason(error);
    button.disabled = false;
    show();
    password.select();
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (button.disabled) return;
  if (login.value.trim() && password.value) {
    signIn();
    return;
  }
  why = () => speaker.words.staff.missing;
  show();
  (login.value.trim() ? password : login).focus();
});
// Who comes back by the browser's own button finds the form ready, and empty.
addEventListener("pageshow", () => {
  button.disabled = false;
  show();
});
speaker.addEventListener("change", show);
show();
