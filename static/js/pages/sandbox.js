import { Http } from "../core/http.js";
import { Sandbox } from "../core/sandbox.js";
import { SandboxPage } from "../ui/sandbox-page.js";
import { Speaker } from "../ui/speaker.js";
import { ask } from "./browser.js";

const page = new SandboxPage({
  sandbox: new Sandbox({ http: new Http(ask), callbacks: new Http(ask, ""), token: location.hash.slice(1) }),
  speaker: new Speaker(),
  go: (path) => location.assign(path),
});

addEventListener("hashchange", () => location.reload());
addEventListener("pageshow", (event) => event.persisted && page.wake());
setInterval(() => page.tick(), 250);
await page.load();
