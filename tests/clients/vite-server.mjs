// What `npm run dev` does, at a free port; prints the URL.
import { createServer } from "vite";

const server = await createServer({
  cacheDir: "./.vite",
  clearScreen: false,
  logLevel: "error",
  server: { host: "127.0.0.1", port: 0 },
});
await server.listen();
console.log(`http://127.0.0.1:${server.httpServer.address().port}`);
