import assert from "node:assert/strict";
import { test } from "node:test";

import { Http } from "../../static/js/core/http.js";
import { accessOf } from "../../static/js/core/order-access.js";
import { Orders } from "../../static/js/core/orders.js";
import { Sandbox } from "../../static/js/core/sandbox.js";

/** @param {Record<string, object>} [answers] by path */
function answering(answers = {}) {
  /** @type {[string, any][]} */
  const asked = [];
  const http = (/** @type {string | undefined} */ base) =>
    new Http(async (url, init) => {
      asked.push([url, init]);
      return new Response(JSON.stringify(answers[url] ?? {}), { headers: { Date: "Sun, 22 Nov 2026 01:00:00 GMT" } });
    }, base);
  return { http, asked };
}

test("what is written carries its key and its body, and nothing else tells whose order it is", async () => {
  const { http, asked } = answering();
  const orders = new Orders(http(undefined));
  const request = { seats: ["F7"], customer: { email: "lan@example.com", locale: "vi" }, gateway: "momo", expected_total: 1 };
  await orders.checkout("a/b", request, "k1");
  await orders.pay("o1", "vnpay", "k2", null);
  await orders.cancel("o1", "k3", null);
  assert.deepEqual(
    asked.map(([url, { method, body, headers }]) => [method, url, headers["Idempotency-Key"], JSON.parse(body)]),
    [
      ["POST", "/api/v1/showtimes/a%2Fb/checkout", "k1", request],
      ["POST", "/api/v1/orders/o1/pay", "k2", { gateway: "vnpay" }],
      ["POST", "/api/v1/orders/o1/cancel", "k3", {}],
    ],
  );
  for (const [, { headers }] of asked) assert.equal(headers["Content-Type"], "application/json");
  for (const [, { headers }] of asked) assert.ok(!("X-Order-Token" in headers));
});

test("the order's token goes in a header, never in an address", async () => {
  const { http, asked } = answering();
  const orders = new Orders(http(undefined));
  await orders.order("o1", "secret");
  await orders.pay("o1", "vnpay", "k", "secret");
  await orders.cancel("o1", "k", "secret");
  for (const [url, { headers, body }] of asked) {
    assert.equal(headers["X-Order-Token"], "secret");
    assert.doesNotMatch(url + (body ?? ""), /secret/u);
  }
});

test("the time of an answer is known to the second", async () => {
  const api = answering().http(undefined);
  await api.ask("/x");
  assert.equal(api.answeredAt, Date.UTC(2026, 10, 22, 1));
});

test("a token comes in the fragment once, and is kept for the tab and for its order alone", () => {
  /** @type {Map<string, string>} */
  const kept = new Map();
  const storage = {
    getItem: (/** @type {string} */ key) => kept.get(key) ?? null,
    setItem: (/** @type {string} */ key, /** @type {string} */ value) => void kept.set(key, value),
  };
  assert.deepEqual(accessOf("o1", "#token=a-b_c", storage), { token: "a-b_c", fresh: true });
  assert.deepEqual(accessOf("o1", "", storage), { token: "a-b_c", fresh: false });
  assert.deepEqual(accessOf("o2", "", storage), { token: null, fresh: false });
  assert.deepEqual(accessOf("o1", "#token=", storage), { token: "a-b_c", fresh: true });
  assert.deepEqual(accessOf("o1", "#token=x", null), { token: "x", fresh: true });
});

const NEWS = {
  callback: '{"reference":"r","signature":"s"}',
  content_type: "application/json",
  ipn_url: "https://other.example/api/v1/payments/sandbox/ipn",
  return_url: "https://other.example/api/v1/payments/sandbox/return?reference=r",
};

/** @param {import("../../static/js/core/sandbox.js").Choice} choice */
async function played(choice) {
  const { http, asked } = answering({ "/api/v1/sandbox/decision": NEWS });
  const sandbox = new Sandbox({ http: http(undefined), callbacks: http(""), token: "t" });
  const goes = await sandbox.choose(choice, "/orders/o1");
  return { goes, asked: asked.map(([url, { body }]) => [url, JSON.parse(body)]) };
}

test("the sandbox has its choice signed, tells the shop as a gateway does, and sends the customer back", async () => {
  const { goes, asked } = await played("suspect");
  assert.deepEqual(asked, [
    ["/api/v1/sandbox/decision", { token: "t", choice: "suspect" }],
    ["/api/v1/payments/sandbox/ipn", { reference: "r", signature: "s" }],
  ]);
  assert.equal(goes, "/api/v1/payments/sandbox/return?reference=r");
});

test("the sandbox tells twice, or not at all", async () => {
  const told = (/** @type {{asked: any[][]}} */ { asked }) => asked.filter(([url]) => url.endsWith("/ipn")).length;
  assert.equal(told(await played("twice")), 2);
  const lost = await played("lost");
  assert.deepEqual([told(lost), lost.asked.length, lost.goes], [0, 1, "/orders/o1"]);
  assert.deepEqual(await played("silent"), { goes: "/orders/o1", asked: [] });
});
