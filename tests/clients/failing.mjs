// A client holds page one, page two fails, and a new try brings it: in a normalised cache, joined by
// the client's own means. After each step it says what it would render, and goes on when told to.
import { createInterface } from "node:readline";

import { FILTERS } from "./queries.mjs";

const [, , url, name, kind, size] = process.argv;
const first = Number(size);
const endpoint = `${url}/graphql`;
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

const QUERY = `
  query Promotions($name: String!, $first: Int, $after: String) {
    customer(by: { externalId: $name }) {
      __typename
      id
      promotions(first: $first, after: $after) {
        __typename
        edges {
          __typename
          cursor
          node {
            __typename
            id
            promotion {
              __typename
              id
              promotionId
            }
          }
        }
        pageInfo {
          __typename
          hasNextPage
          hasPreviousPage
          startCursor
          endCursor
        }
      }
    }
  }
`;

// Each gives `more`, which fetches the next page and gives the error's code, and `shown`, which
// gives what is rendered of the customer.
const clients = {
  async apollo() {
    const { ApolloClient, HttpLink, InMemoryCache, gql } = await import("@apollo/client");
    const { relayStylePagination } = await import("@apollo/client/utilities");
    const client = new ApolloClient({
      link: new HttpLink({ uri: endpoint }),
      cache: new InMemoryCache({
        typePolicies: { Customer: { fields: { promotions: relayStylePagination(FILTERS) } } },
      }),
    });
    const list = client.watchQuery({
      query: gql(QUERY),
      variables: { name, first },
      errorPolicy: "all",
    });
    let rendered;
    list.subscribe((result) => (rendered = result.data));
    return {
      async more() {
        const customer = rendered?.customer;
        if (!customer) return void (await list.reobserve({ fetchPolicy: "network-only" }));
        const after = customer.promotions.pageInfo.endCursor;
        const { error } = await list.fetchMore({ variables: { after }, errorPolicy: "all" });
        return error?.errors[0].extensions.code;
      },
      shown: () => rendered?.customer,
    };
  },

  async urql() {
    const { Client, fetchExchange, gql } = await import("@urql/core");
    const { cacheExchange } = await import("@urql/exchange-graphcache");
    const { relayPagination } = await import("@urql/exchange-graphcache/extras");
    const client = new Client({
      url: endpoint,
      preferGetMethod: false,
      exchanges: [
        cacheExchange({ resolvers: { Customer: { promotions: relayPagination() } } }),
        fetchExchange,
      ],
    });
    const query = gql(QUERY);
    const shown = () => client.readQuery(query, { name, first })?.data?.customer;
    return {
      async more() {
        const after = shown()?.promotions?.pageInfo.endCursor;
        const variables = { name, first, ...(after && { after }) };
        const { error } = await client.query(query, variables, { requestPolicy: "network-only" });
        return error?.graphQLErrors[0].extensions.code;
      },
      shown,
    };
  },

  async relay() {
    const { default: relay } = await import("relay-runtime");
    const { Environment, Network, RecordSource, Store } = relay;
    const { createOperationDescriptor, fetchQuery, getSelector } = relay;
    const generated = (artifact) => import(`./documents/__generated__/${artifact}.graphql.js`);
    const opening = (await generated("promotionsForwardQuery")).default;
    const further = (await generated("promotionsForwardPageQuery")).default;
    const fragment = (await generated("promotions_forward")).default;
    // An answer with errors never reaches the store: Relay would take a page that is null for the
    // end of the whole connection.
    const network = Network.create(async ({ text }, variables) => {
      const response = await fetch(endpoint, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ query: text, variables }),
      });
      const answer = await response.json();
      if (answer.errors) throw Object.assign(new Error("errors"), answer.errors[0].extensions);
      return answer;
    });
    const environment = new Environment({ network, store: new Store(new RecordSource()) });
    const whole = createOperationDescriptor(opening, { name, count: first });
    environment.retain(whole);
    const customer = () => environment.lookup(whole.fragment).data?.customer;
    const shown = () => {
      const found = customer();
      return found && { id: found.__id, ...environment.lookup(getSelector(fragment, found)).data };
    };
    return {
      async more() {
        const cursor = shown()?.promotions?.pageInfo.endCursor;
        const operation = cursor
          ? createOperationDescriptor(further, { id: customer().__id, count: first, cursor })
          : whole;
        const { node, variables } = operation.request;
        const options = { fetchPolicy: "network-only" };
        try {
          await fetchQuery(environment, node, variables, options).toPromise();
        } catch (error) {
          return error.code;
        }
      },
      shown,
    };
  },
};

const client = await clients[kind]();
for (;;) {
  const error = (await client.more()) ?? null;
  await new Promise((rendered) => setTimeout(rendered)); // what is shown follows in a turn of its own
  const customer = client.shown();
  const ids = customer?.promotions?.edges.map((edge) => edge.node.promotion.promotionId) ?? null;
  process.stdout.write(`${JSON.stringify({ ids, error, customer: customer?.id ?? null })}\n`);
  if ((await lines.next()).done) process.exit(0);
}
