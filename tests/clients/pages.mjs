// The talk between a client and the test that starts it: after every page the client says what it
// holds, as a line of JSON, and goes on when it is told to.
import { createInterface } from "node:readline";

export const [, , url, name, way, size] = process.argv;
export const isForward = way === "forward";
export const count = Number(size);

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

/** Ask the gateway; gives the whole answer. */
export async function post(query, variables) {
  const response = await fetch(`${url}/graphql`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ query, variables }),
  });
  const answer = await response.json();
  if (answer.errors) throw new Error(JSON.stringify(answer.errors));
  return answer;
}

/** Show pages until there is no further one; `next` fetches from a cursor and gives a connection. */
export async function walk(next) {
  let cursor = null;
  for (;;) {
    const { edges, pageInfo, drift } = await next(cursor);
    const ids = edges.map((edge) => edge.node.promotion.promotionId);
    const more = isForward ? pageInfo.hasNextPage : pageInfo.hasPreviousPage;
    process.stdout.write(`${JSON.stringify({ ids, drift, more })}\n`);
    if (!more) break;
    cursor = isForward ? pageInfo.endCursor : pageInfo.startCursor;
    await lines.next();
  }
  process.exit(0);
}
