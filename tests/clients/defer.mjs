// One operation with @defer: node defer.mjs URL CLIENT. Prints a line of JSON for each state that the client
// would render, and ends when it is complete.
const [, , url, kind] = process.argv;

const QUERY = `
  query Cards {
    customer(by: { externalId: "C-TEN" }) {
      id
      promotions(first: 3) {
        nodes {
          id
          promotion {
            id
            name
            ... @defer(label: "definition") {
              definition {
                status
              }
            }
          }
        }
      }
    }
  }
`;

let accept;
const fetchAndNote = (input, init) => {
  accept = new Headers(init.headers).get("accept");
  return fetch(input, init);
};

function show(data, isComplete, error) {
  const nodes = data?.customer?.promotions.nodes ?? [];
  const codes = (error?.errors ?? error?.graphQLErrors ?? []).map((each) => each.extensions.code);
  const promotions = nodes.map((node) => node.promotion);
  process.stdout.write(`${JSON.stringify({ promotions, isComplete, codes, accept })}\n`);
  if (isComplete) process.exit(0);
}

async function apollo(name) {
  const { ApolloClient, HttpLink, InMemoryCache, gql } = await import("@apollo/client");
  const handlers = await import("@apollo/client/incremental");
  const client = new ApolloClient({
    link: new HttpLink({ uri: `${url}/graphql`, fetch: fetchAndNote }),
    cache: new InMemoryCache(),
    incrementalHandler: new handlers[name](),
  });
  const observed = client.watchQuery({ query: gql(QUERY), errorPolicy: "all" });
  observed.subscribe(({ data, dataState, loading, networkStatus, error }) => {
    const isStreaming = dataState === "streaming" || networkStatus === 9;
    if (!loading || isStreaming) show(data, !isStreaming && !loading, error);
  });
}

async function urql() {
  const { Client, cacheExchange, fetchExchange } = await import("@urql/core");
  const client = new Client({
    url: `${url}/graphql`,
    preferGetMethod: false,
    exchanges: [cacheExchange, fetchExchange],
    fetch: fetchAndNote,
  });
  client.query(QUERY, {}).subscribe(({ data, error, hasNext }) => show(data, !hasNext, error));
}

await (kind === "urql" ? urql() : apollo(kind));
