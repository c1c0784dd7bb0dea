// node `ws`: send() for one connection after the other, fed by Redis.
//   node ws_loop.mjs REDIS_SOCKET
import { createClient } from "redis";
import { WebSocketServer } from "ws";

const server = new WebSocketServer({ host: "127.0.0.1", port: 0, backlog: 4096, perMessageDeflate: false });
const redis = createClient({ socket: { path: process.argv[2] } });
await redis.connect();
await redis.subscribe("delta", (delta) => {
  for (const client of server.clients) client.send(delta, { binary: true });
}, true);
console.log(server.address().port);
