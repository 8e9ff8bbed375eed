// The queries of the scenarios with Apollo Client and urql.
/** The arguments that make a customer's list another one. */
export const FILTERS = [
  "availability",
  "type",
  "sourceType",
  "programIds",
  "search",
  "validity",
  "orderBy",
];

const list = (selection) => `
  query List($by: CustomerIdentifier!, $source: CustomerSource! = INSTORE, $first: Int!, $after: String,
             $type: PromotionTypeFilter) {
    customer(by: $by, source: $source) {
      id
      promotions(first: $first, after: $after, type: $type) {
        pageInfo { hasNextPage endCursor }
        nodes { id }
        edges { cursor node { id ${selection} } }
      }
    }
  }
`;

export const LIST = list("promotion { id name }");
export const POINTS = list("limits { pointsPerCustomer { kind used } }");
export const TIMES = list("limits { timesPerCustomer { kind max } }");
export const MAXIMA = list("limits { pointsPerCustomer { max } }");
export const STATUS = list("promotion { id definition { status } }");
export const EXPIRIES = list("promotion { id definition { expiries { name } } }");
export const DEFERRED = list("promotion { id ... @defer { definition { status } } }");
export const USAGE = list(`
  nextExpiryAt
  promotion { id program { id } }
  limits { pointsPerCustomer { used } timesPerCustomer { used } }
  enrolments { enrolmentId issues { issueId redeemedCount } }
`);
const card = (type, selection) => `
  query Card($id: ID!) { node(id: $id) { __typename id ... on ${type} { ${selection} } } }
`;

// What of each type the list of USAGE has brought.
export const CARDS = [
  card("Customer", "promotions(first: 20) { edges { node { id } } }"),
  card("CustomerPromotion", "nextExpiryAt promotion { id }"),
  card("Promotion", "program { id }"),
  card("Program", "id"),
];
export const MORE = card("CustomerPromotion", "restrictions { stage }");
export const named = (externalId, more = {}) => ({ by: { externalId }, first: 20, ...more });
export const ids = (data) => data?.customer?.promotions?.edges.map(({ node }) => node.id) ?? null;

export const joined = (data) => data.customer.promotions.nodes.length;

/** The ids of an item of each type, in the order of CARDS. */
export const nodes = ({ customer }) => {
  const [{ node }] = customer.promotions.edges;
  return [customer, node, node.promotion, node.promotion.program].map(({ id }) => id);
};
export const families = [
  named("C-001"),
  named("C-002"),
  named("C-EVERYWHERE"),
  named("C-EVERYWHERE", { source: "LINE" }),
];
