// Lets a real client ask a gateway: node clients.mjs URL CLIENT [MANIFEST] prints what it sent and got.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

import { ApolloClient, ApolloLink, HttpLink, InMemoryCache, gql } from "@apollo/client";
import { createPersistedQueryLink } from "@apollo/client/link/persisted-queries";
import { generatePersistedQueryIdsFromManifest } from "@apollo/persisted-query-lists";
import { Client, fetchExchange } from "@urql/core";
import { persistedExchange } from "@urql/exchange-persisted";

const [uri, name, manifest] = process.argv.slice(2);
const query = gql(readFileSync(new URL("program.graphql", import.meta.url), "utf8"));
const requests = [];

async function notingFetch(url, options) {
  const method = options.method ?? "GET";
  const sent =
    method === "GET"
      ? Object.fromEntries(new URL(url, uri).searchParams)
      : JSON.parse(options.body);
  const answer = await fetch(url, options);
  requests.push({
    method,
    hasQuery: Boolean(sent.query),
    status: answer.status,
    type: answer.headers.get("content-type").split(";")[0],
  });
  return answer;
}

function apollo(options, headers) {
  const link = ApolloLink.from([
    createPersistedQueryLink({ useGETForHashedQueries: true, ...options }),
    new HttpLink({ uri, fetch: notingFetch, headers }),
  ]);
  const client = new ApolloClient({ link, cache: new InMemoryCache() });
  return async (variables) =>
    (await client.query({ query, variables, fetchPolicy: "network-only" })).data;
}

function urql(options) {
  const client = new Client({
    url: uri,
    fetch: notingFetch,
    exchanges: [persistedExchange(options), fetchExchange],
    requestPolicy: "network-only",
  });
  return async (variables) => {
    const answer = await client.query(query, variables).toPromise();
    if (answer.error) throw answer.error;
    return answer.data;
  };
}

const sha256 = (text) => createHash("sha256").update(text).digest("hex");
const clients = {
  apollo: () => apollo({ sha256 }),
  "apollo-json": () => apollo({ sha256 }, { accept: "application/json" }),
  "apollo-post": () => apollo({ sha256, useGETForHashedQueries: false }),
  "apollo-manifest": () =>
    apollo(
      generatePersistedQueryIdsFromManifest({
        loadManifest: async () => JSON.parse(readFileSync(manifest, "utf8")),
      }),
    ),
  urql: () => urql({ preferGetForPersistedQueries: true }),
};

const ask = clients[name]();
const answers = [];
for (const id of ["973", "9005"]) answers.push(await ask({ id }));
console.log(JSON.stringify({ answers, requests }));
