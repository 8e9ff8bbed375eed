// Persisted operations as docs/persisted-operations.md sets them up.
import { readFileSync } from "node:fs";

import { ApolloClient, InMemoryCache, gql } from "@apollo/client";

import { load, report } from "./vite-project.mjs";

const read = (name) => gql(readFileSync(new URL(name, import.meta.url), "utf8"));
const query = read("program.graphql");
const mutation = read("enrol.graphql");
const given = { by: { externalId: "C-ENROL" }, programId: "9031", promotionId: "90310001" };
const urql = (await load("/src/persisted-urql.ts")).createClient();

const apollo = async (module) => {
  const { link } = await load(module);
  const client = new ApolloClient({ link, cache: new InMemoryCache() });
  return {
    ask: async (id) => (await client.query({ query, variables: { id } })).data,
    write: async (variables) => (await client.mutate({ mutation, variables })).data,
  };
};
const twice = async (name, { write }) => {
  const outcomes = [];
  for (const press of ["first", "second"]) {
    const input = { ...given, idempotencyKey: `${name}, ${press}` };
    outcomes.push((await write({ input })).enrolInPromotion.outcome);
  }
  return outcomes;
};
const ofUrql = {
  ask: async (id) => (await urql.query(query, { id }).toPromise()).data,
  write: async (variables) => (await urql.mutation(mutation, variables).toPromise()).data,
};
const both = async ({ ask }) => {
  const answers = [];
  for (const id of ["973", "9005"]) answers.push((await ask(id)).program.programId);
  return answers;
};

report({
  apollo: async () => both(await apollo("/src/persisted.ts")),
  urql: () => both(ofUrql),
  manifest: async () => both(await apollo("/src/manifest.ts")),
  apolloWrites: async () => twice("apollo", await apollo("/src/persisted.ts")),
  urqlWrites: () => twice("urql", ofUrql),
  manifestWrites: async () => twice("manifest", await apollo("/src/manifest.ts")),
});
