// Socket.IO on node with its Redis adapter: emit() to everybody, asked for through Redis.
//   node socketio_node.mjs REDIS_SOCKET
import { createServer } from "node:http";
import { createAdapter } from "@socket.io/redis-adapter";
import { createClient } from "redis";
import { Server } from "socket.io";

const publisher = createClient({ socket: { path: process.argv[2] } });
const subscriber = publisher.duplicate();
await Promise.all([publisher.connect(), subscriber.connect()]);
const http = createServer();
new Server(http, { transports: ["websocket"], perMessageDeflate: false, pingInterval: 600000, adapter: createAdapter(publisher, subscriber) });
http.listen({ host: "127.0.0.1", port: 0, backlog: 4096 }, () => console.log(http.address().port));
