// What Relay's compiler reads; relay.mjs imports what it makes of this.
graphql`
  query promotionsForwardQuery($name: String!, $count: Int!) {
    customer(by: { externalId: $name }) {
      ...promotions_forward @arguments(count: $count)
    }
  }
`;

graphql`
  fragment promotions_forward on Customer
  @argumentDefinitions(count: { type: "Int!" }, cursor: { type: "String" })
  @refetchable(queryName: "promotionsForwardPageQuery") {
    promotions(first: $count, after: $cursor) @connection(key: "promotions_forward_promotions") {
      drift
      edges {
        node {
          promotion {
            promotionId
          }
        }
      }
    }
  }
`;

graphql`
  query promotionsBackwardQuery($name: String!, $count: Int!) {
    customer(by: { externalId: $name }) {
      ...promotions_backward @arguments(count: $count)
    }
  }
`;

graphql`
  fragment promotions_backward on Customer
  @argumentDefinitions(count: { type: "Int!" }, cursor: { type: "String" })
  @refetchable(queryName: "promotionsBackwardPageQuery") {
    promotions(last: $count, before: $cursor) @connection(key: "promotions_backward_promotions") {
      drift
      edges {
        node {
          promotion {
            promotionId
          }
        }
      }
    }
  }
`;
