import { graphql } from './gql';

/** What a card shows. */
export const CARD = graphql(`
  fragment Card on CustomerPromotion {
    id
    nextExpiryAt
    availability
    promotion {
      id
      name
      description
      type
      validity
      startsAt
      endsAt
    }
    tightestLimit {
      ...RestrictionFields
    }
    restrictions {
      ...RestrictionFields
    }
    limits {
      pointsPerEvent {
        kind
      }
      pointsPerCustomer {
        kind
      }
      timesPerCustomer {
        kind
      }
      pointsInPromotion {
        kind
      }
    }
  }

  # Objects without an id: every query selects the same of them, so that none erases another's.
  fragment RestrictionFields on Restriction {
    stage
    measure
    measureName
    limit {
      ...LimitFields
    }
  }

  fragment LimitFields on Limit {
    kind
    max
    used
    remaining
    isExhausted
  }
`);

/** A page of the wallet: one call to the platform, or up to three where it is sorted or searched. */
export const WALLET = graphql(`
  query Wallet(
    $by: CustomerIdentifier!
    $availability: PromotionAvailability
    $search: String
    $orderBy: CustomerPromotionOrder
    $first: Int!
    $after: String
  ) {
    customer(by: $by) {
      id
      customerId
      promotions(
        availability: $availability
        search: $search
        orderBy: $orderBy
        first: $first
        after: $after
      ) {
        totalCount
        pageInfo {
          hasNextPage
          endCursor
        }
        edges {
          cursor
          node {
            ...Card
          }
        }
      }
    }
  }
`);

/** The figures on the tabs: a call each. */
export const COUNTS = graphql(`
  query Counts($by: CustomerIdentifier!) {
    customer(by: $by) {
      id
      promotionCounts {
        all
        availableToEnrol
        availableForIssue
        availableToRedeem
        expired
      }
    }
  }
`);

/** The details of one card; the definition comes from a slower endpoint, after the rest. */
export const DETAILS = graphql(`
  query Details($id: ID!) {
    node(id: $id) {
      id
      ... on CustomerPromotion {
        availability
        restrictions {
          ...RestrictionFields
        }
        currentEnrolment {
          enrolledAt
          expiresAt
        }
        promotion {
          id
          startsAt
          endsAt
          program {
            id
            name
          }
          ...Definition @defer
        }
      }
    }
  }

  fragment Definition on Promotion {
    id
    definition {
      status
      updatedAt
      isStackable
      expiries {
        stage
        basis
        days
      }
    }
  }
`);
