import { ApolloClient, HttpLink, InMemoryCache } from '@apollo/client';
import { Defer20220824Handler } from '@apollo/client/incremental';
import { relayStylePagination } from '@apollo/client/utilities';

/** The arguments that make another list of promotions; pages of one list are joined. */
const filters = ['availability', 'type', 'sourceType', 'programIds', 'search', 'validity', 'orderBy'];

/** What each policy is for: docs/frontend.md. */
const cache = new InMemoryCache({
  possibleTypes: { Node: ['Customer', 'CustomerPromotion', 'Program', 'Promotion'] },
  typePolicies: {
    Customer: { fields: { promotions: relayStylePagination(filters) } },
    CustomerPromotion: {
      fields: {
        currentEnrolment: { merge: false },
        enrolments: { merge: false },
        restrictions: { merge: false },
        tightestLimit: { merge: false },
      },
    },
    Limit: { merge: true },
    PromotionCounts: { merge: true },
    PromotionDefinition: { merge: true },
    PromotionLimits: { merge: true },
  },
});

declare module '@apollo/client' {
  namespace ApolloClient {
    namespace DeclareDefaultOptions {
      interface WatchQuery {
        errorPolicy: 'all';
      }
    }
  }
}

export const client = new ApolloClient({
  cache,
  link: new HttpLink({ uri: '/graphql' }),
  incrementalHandler: new Defer20220824Handler(),
  clientAwareness: { name: 'wallet', version: '0.1.0' },
  // A part that fails is null beside the others, and its error says why.
  defaultOptions: { watchQuery: { errorPolicy: 'all' } },
});
