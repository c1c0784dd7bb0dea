import assert from "node:assert/strict";
import { test } from "node:test";

import { Api, ApiError, NetworkError } from "../../static/js/core/api.js";

/** @param {number} status @param {string} body */
function answering(status, body) {
  /** @type {[string, any][]} */
  const asked = [];
  const api = new Api(async (url, init) => {
    asked.push([url, init]);
    return new Response(body, { status });
  });
  return { api, asked };
}

test("ids are escaped and a layout is asked for by its version", async () => {
  const { api, asked } = answering(200, '{"token": "t"}');
  await api.layout("a/b", 3);
  assert.equal(await api.createSession(), "t");
  assert.deepEqual(
    asked.map(([url, { method }]) => [url, method]),
    [
      ["/api/v1/showtimes/a%2Fb/layout?v=3", "GET"],
      ["/api/v1/sessions", "POST"],
    ],
  );
});

test("the list goes on at the cursor and has an end", async () => {
  const { api, asked } = answering(200, '{"showtimes": []}');
  assert.deepEqual(await api.showtimes("x y"), { showtimes: [], next: null });
  assert.equal(asked[0][0], "/api/v1/showtimes?cursor=x%20y");
});

test("a problem document becomes an error with its code", async () => {
  const problem = { status: 429, code: "rate_limited", detail: "Slowly.", retry_after_ms: 1500 };
  const { api } = answering(429, JSON.stringify(problem));
  await assert.rejects(api.showtime("demo"), (error) => {
    assert.ok(error instanceof ApiError);
    assert.deepEqual(
      [error.status, error.code, error.message, error.retryAfterMs],
      [429, "rate_limited", "Slowly.", 1500],
    );
    return true;
  });
});

test("an error page that is no problem document still tells its status", async () => {
  const { api } = answering(502, "<h1>Bad gateway</h1>");
  await assert.rejects(api.showtime("demo"), (error) => error instanceof ApiError && error.status === 502);
});

test("no answer, and half of one, are errors of the network", async () => {
  const down = new Api(async () => Promise.reject(new TypeError("failed to fetch")));
  await assert.rejects(down.showtime("demo"), NetworkError);
  await assert.rejects(answering(200, '{"id": "de').api.showtime("demo"), NetworkError);
});
