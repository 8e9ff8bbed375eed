// What Relay's compiler reads beside the documents of docs/frontend.md; relay-scenarios.mjs runs it.
import { graphql } from "relay-runtime";

export const usage = graphql`
  query relayDocumentsUsageQuery($by: CustomerIdentifier!, $source: CustomerSource!) {
    customer(by: $by, source: $source) {
      id
      promotions(first: 20) {
        edges {
          node {
            id
            nextExpiryAt
            promotion {
              id
              program {
                id
              }
            }
            limits {
              pointsPerCustomer {
                used
              }
              timesPerCustomer {
                used
              }
            }
            enrolments {
              enrolmentId
              issues {
                issueId
                redeemedCount
              }
            }
          }
        }
      }
    }
  }
`;

export const points = graphql`
  query relayDocumentsPointsQuery($by: CustomerIdentifier!) {
    customer(by: $by) {
      promotions(first: 20) {
        edges {
          node {
            limits {
              pointsPerCustomer {
                kind
                used
              }
            }
          }
        }
      }
    }
  }
`;

export const times = graphql`
  query relayDocumentsTimesQuery($by: CustomerIdentifier!) {
    customer(by: $by) {
      promotions(first: 20) {
        edges {
          node {
            limits {
              timesPerCustomer {
                max
              }
              pointsPerCustomer {
                max
              }
            }
          }
        }
      }
    }
  }
`;

export const customer = graphql`
  fragment relayDocuments_customer on Customer @refetchable(queryName: "relayDocumentsCustomerQuery") {
    __typename
    customerId
  }
`;

export const held = graphql`
  fragment relayDocuments_held on CustomerPromotion
  @refetchable(queryName: "relayDocumentsHeldQuery") {
    __typename
    restrictions {
      stage
    }
  }
`;

export const promotion = graphql`
  fragment relayDocuments_promotion on Promotion
  @refetchable(queryName: "relayDocumentsPromotionQuery") {
    __typename
    definition {
      status
    }
  }
`;

export const program = graphql`
  fragment relayDocuments_program on Program @refetchable(queryName: "relayDocumentsProgramQuery") {
    __typename
    name
  }
`;

export const holding = graphql`
  query relayDocumentsHoldingQuery($by: CustomerIdentifier!) {
    customer(by: $by) {
      id
      promotions(first: 5) {
        edges {
          node {
            id
            availability
            promotion {
              id
              programId
              promotionId
            }
            enrolments {
              enrolmentId
              expiresAt
            }
          }
        }
      }
    }
  }
`;
