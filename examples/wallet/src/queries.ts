import { graphql } from './gql';

/** What a card shows. */
export const CARD = graphql(`
  fragment Card on CustomerPromotion {
    id
    nextExpiryAt
    availability
    promotion {
      id
      programId
      promotionId
      name
      description
      type
      validity
      startsAt
      endsAt
    }
    enrolments {
      enrolmentId
      isExpired
      issues {
        issueId
      }
    }
    currentEnrolment {
      enrolledAt
      expiresAt
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

/** The three mutations. What they return is the card, so that the cache updates it by its id. */
export const ENROL = graphql(`
  mutation Enrol($input: EnrolInPromotionInput!) {
    enrolInPromotion(input: $input) {
      ...Outcome
    }
  }

  fragment Outcome on PromotionActionPayload {
    outcome
    userErrors {
      code
    }
    customerPromotion {
      ...Card
    }
  }
`);

export const ISSUE = graphql(`
  mutation Issue($input: IssuePromotionInput!) {
    issuePromotion(input: $input) {
      ...Outcome
    }
  }
`);

export const WITHDRAW = graphql(`
  mutation Withdraw($input: WithdrawFromPromotionInput!) {
    withdrawFromPromotion(input: $input) {
      ...Outcome
    }
  }
`);

/** One card, read again. */
export const CARD_AGAIN = graphql(`
  query CardAgain($id: ID!) {
    node(id: $id) {
      id
      ...Card
    }
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

/**
 * The details of one card; the definition comes from a slower endpoint, after the rest. The list of
 * programs names those, too, that have promotions of the new interface alone: one call for everybody.
 */
export const DETAILS = graphql(`
  query Details($id: ID!) {
    programs {
      id
      name
    }
    node(id: $id) {
      id
      ... on CustomerPromotion {
        ...Card
        promotion {
          id
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
      issueWindow {
        opensAt
        closesAt
      }
      expiries {
        stage
        basis
        days
        expiresAt
      }
    }
  }
`);
