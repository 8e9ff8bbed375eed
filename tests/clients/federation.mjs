// node federation.mjs URL INPUT
// Composes the gateway's subgraph with a second one, and queries both through Apollo's gateway.
//
// INPUT is a JSON object: `ids` of promotions and `customers` that the second subgraph refers to,
// `headers` that the router forwards, `queries`, and names of `types`. It prints a JSON object: the
// composition's hints, these types of the composed schema, and the result of each query.
import { createServer } from "node:http";
import { composeServices } from "@apollo/composition";
import { ApolloGateway, RemoteGraphQLDataSource } from "@apollo/gateway";
import { buildSubgraphSchema } from "@apollo/subgraph";
import { graphql, parse, printType } from "graphql";

const [, , url, input] = process.argv;
const { ids, customers, headers, queries, types } = JSON.parse(input);

const typeDefs = parse(`
  extend schema @link(
    url: "https://specs.apollo.dev/federation/v2.0", import: ["@key", "@shareable"]
  )
  type Query { featured: [Promotion]!  regulars: [Customer]!  visits: Visits! }
  type Promotion @key(fields: "id") { id: ID!  banner: String! }
  type Customer @key(fields: "id") { id: ID!  greeting: String! }
  type Visits { nodes: [String!]!  pageInfo: PageInfo! }
  type PageInfo @shareable {
    hasNextPage: Boolean!  hasPreviousPage: Boolean!  startCursor: String  endCursor: String
  }
`);
const pageInfo = { hasNextPage: false, hasPreviousPage: false, startCursor: null, endCursor: null };
const second = buildSubgraphSchema([
  {
    typeDefs,
    resolvers: {
      Query: {
        featured: () => ids.map((id) => ({ id })),
        regulars: () => customers.map((id) => ({ id })),
        visits: () => ({ nodes: [], pageInfo }),
      },
      Promotion: { banner: ({ id }) => `Banner of ${id}` },
      Customer: { greeting: ({ id }) => `Hello, ${id}` },
    },
  },
]);

async function body(request) {
  let text = "";
  for await (const piece of request) text += piece;
  return JSON.parse(text);
}

const server = createServer(async (request, response) => {
  const { query, variables } = await body(request);
  const result = await graphql({ schema: second, source: query, variableValues: variables });
  response.setHeader("Content-Type", "application/json");
  response.end(JSON.stringify(result));
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));

const asked = await fetch(`${url}/graphql`, {
  method: "POST",
  headers: { "Content-Type": "application/json", ...headers },
  body: JSON.stringify({ query: "{ _service { sdl } }" }),
});
const { sdl } = (await asked.json()).data._service;
const composed = composeServices([
  { name: "promotions", url: `${url}/graphql`, typeDefs: parse(sdl) },
  { name: "shop", url: `http://127.0.0.1:${server.address().port}`, typeDefs },
]);
if (composed.errors) throw new Error(composed.errors.map((error) => error.message).join("\n"));

class Forwarding extends RemoteGraphQLDataSource {
  willSendRequest({ request }) {
    for (const [name, value] of Object.entries(headers)) request.http.headers.set(name, value);
  }
}

const quiet = { debug() {}, info() {}, warn() {}, error() {} };
const gateway = new ApolloGateway({
  supergraphSdl: composed.supergraphSdl,
  buildService: ({ url: subgraph }) => new Forwarding({ url: subgraph }),
  logger: quiet,
});
const { schema, executor } = await gateway.load();
const results = [];
for (const { query, variables } of queries) {
  const { data, errors } = await executor({
    document: parse(query),
    request: { query, variables },
    queryHash: query,
    context: {},
    metrics: {},
    schema,
    logger: quiet,
  });
  results.push({
    data,
    errors: errors?.map((error) => error.extensions.code) ?? [],
  });
}
console.log(
  JSON.stringify({
    hints: composed.hints.map((hint) => hint.message),
    types: Object.fromEntries(types.map((name) => [name, printType(schema.getType(name))])),
    results,
  }),
);
await gateway.stop();
server.close();
process.exit(0);
