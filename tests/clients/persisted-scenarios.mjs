// Persisted operations as docs/persisted-operations.md sets them up.
import { readFileSync } from "node:fs";

import { ApolloClient, InMemoryCache, gql } from "@apollo/client";

import { load, report } from "./vite-project.mjs";

const query = gql(readFileSync(new URL("program.graphql", import.meta.url), "utf8"));
const urql = (await load("/src/persisted-urql.ts")).createClient();

const apollo = async (module) => {
  const { link } = await load(module);
  const client = new ApolloClient({ link, cache: new InMemoryCache() });
  return async (id) => (await client.query({ query, variables: { id } })).data;
};
const both = async (ask) => {
  const answers = [];
  for (const id of ["973", "9005"]) answers.push((await ask(id)).program.programId);
  return answers;
};

report({
  apollo: async () => both(await apollo("/src/persisted.ts")),
  urql: () => both(async (id) => (await urql.query(query, { id }).toPromise()).data),
  manifest: async () => both(await apollo("/src/manifest.ts")),
});
