// Apollo Client with the session of docs/authentication.md: node session-scenarios.mjs TOKENS VIEWER, a
// JSON object of tokens by name, and the query of the page.
import { gql } from "@apollo/client";

import { load, report } from "./vite-project.mjs";

const { createSession, screenFor } = await load("/src/session.ts");
const tokens = JSON.parse(process.argv[2]);
const VIEWER = gql(process.argv[3]);
const PARTS = gql`
  query Parts($other: String!) {
    viewer {
      id
    }
    other: customer(by: { externalId: $other }) {
      id
    }
  }
`;

const asked = (name, query, variables) => async () => {
  let signIns = 0;
  const client = createSession(
    () => tokens[name],
    () => (signIns += 1),
  );
  const { data, error } = await client.query({ query, variables, errorPolicy: "all" });
  return { data, screen: error ? screenFor(error) : null, signIns };
};

report({
  own: asked("own", VIEWER),
  none: asked("none", VIEWER),
  expired: asked("expired", VIEWER),
  missing: asked("missing", VIEWER),
  forbidden: asked("own", PARTS, { other: "C-MIXED" }),
});
