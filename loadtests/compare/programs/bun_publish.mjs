// Bun: its own publish() to a topic that every connection is subscribed to, fed by Redis.
//   bun bun_publish.mjs REDIS_SOCKET
import { createClient } from "redis";

const server = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  fetch: (request, server) => (server.upgrade(request) ? undefined : new Response("a WebSocket is expected", { status: 400 })),
  websocket: { open: (socket) => socket.subscribe("demo"), message() {}, perMessageDeflate: false, sendPings: false, idleTimeout: 0 },
});
const redis = createClient({ socket: { path: process.argv[2] } });
await redis.connect();
await redis.subscribe("delta", (delta) => server.publish("demo", delta), true);
console.log(server.port);
