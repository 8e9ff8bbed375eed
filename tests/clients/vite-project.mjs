// The project in the current folder, as its own vite.config.ts serves it: its modules, and what they
// request, through its proxy as in a browser.
import { createServer } from "vite";

// What babel-plugin-relay does: a document in the code is what the compiler has made of it.
const relayDocuments = {
  name: "relay-documents",
  enforce: "pre",
  transform(code) {
    const imports = [];
    const text = code.replace(/graphql`\s*(?:query|mutation|fragment) (\w+)[^`]*`/g, (_, name) => {
      imports.push(`import document_${name} from "./__generated__/${name}.graphql";`);
      return `document_${name}`;
    });
    return imports.length > 0 ? `${imports.join("\n")}\n${text}` : undefined;
  },
};

const server = await createServer({
  plugins: [relayDocuments],
  cacheDir: "./.vite",
  logLevel: "error",
  server: { host: "127.0.0.1", port: 0 },
});
await server.listen();

export const origin = `http://127.0.0.1:${server.httpServer.address().port}`;
export const load = (path) => server.ssrLoadModule(path);

/** Every request since the start. */
export const requests = [];
const plainFetch = globalThis.fetch;
globalThis.fetch = async (url, options) => {
  const full = new URL(url, origin);
  const method = options.method ?? "GET";
  const body = method === "GET" ? Object.fromEntries(full.searchParams) : JSON.parse(options.body);
  requests.push({ method, headers: Object.fromEntries(new Headers(options.headers)), body });
  return plainFetch(full, options);
};

/** What was written to the console since the start. */
export const warnings = [];
for (const level of ["debug", "info", "log", "warn", "error"]) {
  console[level] = (...words) => warnings.push(words.join(" "));
}

/** Run each scenario; print what it returns, and the requests and warnings that it has caused. */
export async function report(scenarios) {
  const results = {};
  for (const [name, scenario] of Object.entries(scenarios)) {
    const before = [requests.length, warnings.length];
    const result = await scenario();
    results[name] = {
      result,
      requests: requests.slice(before[0]),
      warnings: warnings.slice(before[1]),
    };
  }
  await server.close();
  process.stdout.write(JSON.stringify(results), () => process.exit(0));
}
