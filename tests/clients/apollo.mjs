// Pages with Apollo's cache and its own relayStylePagination, which joins pages by their cursors.
import { ApolloClient, HttpLink, InMemoryCache, gql } from "@apollo/client";
import { relayStylePagination } from "@apollo/client/utilities";

import { count, isForward, name, url, walk } from "./pages.mjs";
import { FILTERS } from "./queries.mjs";

const QUERY = gql`
  query Promotions($name: String!, $first: Int, $after: String, $last: Int, $before: String) {
    customer(by: { externalId: $name }) {
      id
      promotions(first: $first, after: $after, last: $last, before: $before) {
        drift
        edges {
          cursor
          node {
            id
            promotion {
              id
              promotionId
            }
          }
        }
        pageInfo {
          hasNextPage
          hasPreviousPage
          startCursor
          endCursor
        }
      }
    }
  }
`;

const client = new ApolloClient({
  link: new HttpLink({ uri: `${url}/graphql` }),
  cache: new InMemoryCache({
    typePolicies: { Customer: { fields: { promotions: relayStylePagination(FILTERS) } } },
  }),
});
const size = isForward ? { first: count } : { last: count };

await walk(async (cursor) => {
  const variables = { name, ...size, ...(isForward ? { after: cursor } : { before: cursor }) };
  await client.query({ query: QUERY, variables, fetchPolicy: "network-only" });
  return client.readQuery({ query: QUERY, variables: { name, ...size } }).customer.promotions;
});
