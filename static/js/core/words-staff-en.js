/** The pages of staff in English. */

export const words = {
  title: "Staff",
  signInTitle: "Staff sign-in",
  login: "Login",
  password: "Password",
  signIn: "Sign in",
  asking: "One moment…",
  signOut: "Sign out",
  toShowings: "To the showings",
  places: "Staff pages",
  home: "Home",
  /** @param {string} name */
  greeting: (name) => `Hello, ${name}`,
  /** @param {string} time */
  until: (time) => `Signed in until ${time} at the latest; earlier if nothing is done here.`,
  latest: "Latest acts",
  when: "When",
  who: "Who",
  act: "What",
  about: "About",
  more: "Show more",
  failed: "The server does not answer. Please try again in a moment.",
  wrong: "Login or password is not right, or the account is disabled.",
  missing: "Please enter login and password.",
  /** @param {string} time */
  wait: (time) => `Too many attempts. Please try again in ${time}.`,
  /** @type {Record<string, string>} */
  roles: { box_office: "Box office", manager: "Manager" },
  /** @type {Record<string, string>} */
  actors: { system: "System", cli: "Command line" },
  unknown: "unknown login",
  /** @type {Record<string, string>} */
  actions: {
    "staff.add": "Account opened",
    "staff.disable": "Account disabled",
    "staff.enable": "Account enabled",
    "staff.password": "Password changed",
    "staff.sign_in": "Signed in",
    "staff.sign_in_failed": "Sign-in failed",
    "staff.sign_out": "Signed out",
    "order.refund": "Refund requested",
    "order.refund_retry": "Refund sent again",
    "order.refund_close": "Refund's end recorded",
    "order.approve": "Payment cleared",
    "outbox.retry": "Effect queued again",
  },
};
