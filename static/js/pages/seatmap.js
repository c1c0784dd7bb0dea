import { Api } from "../core/api.js";
import { Client } from "../core/client.js";
import { hook } from "../ui/dom.js";
import { SeatMapPage } from "../ui/seatmap-page.js";
import { ask, connectionOf } from "./browser.js";

const path = location.pathname.split("/").filter(Boolean);
const showtime = decodeURIComponent(path[path.length - 1] ?? "");
const display = new URLSearchParams(location.search).get("display") === "1";

const api = new Api(ask);
const client = new Client({ showtime, display });
const connection = connectionOf(client, api);
const page = new SeatMapPage({ showtime, client, connection, api });

// A person who comes back, or whose network does, is not kept waiting for the end of a back-off.
addEventListener("online", () => page.hurry());
document.addEventListener("visibilitychange", () => document.hidden || page.hurry());
setInterval(() => page.tick(Date.now()), 250);
hook('[data-action="retry"]').addEventListener("click", () => page.load());
await page.load();
