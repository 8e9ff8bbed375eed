// Apollo Client with the cache and the links that docs/frontend.md recommends, and without them.
import { ApolloClient, InMemoryCache, gql } from "@apollo/client";
import { relayStylePagination } from "@apollo/client/utilities";

import * as queries from "./queries.mjs";
import { load, report, requests } from "./vite-project.mjs";
import * as writing from "./writing.mjs";

const page = await load("/src/apollo.ts");
const { link: batchLink } = await load("/src/batching.ts");
const { named, ids } = queries;
function open(cache = page.createCache(), link = page.client.link) {
  const client = new ApolloClient({ cache, link });
  return {
    client,
    ask: async (query, variables) => (await client.query({ query: gql(query), variables })).data,
    cached: (query, variables) => client.readQuery({ query: gql(query), variables }),
  };
}

async function tabs(cache) {
  const { client, ask, cached } = open(cache);
  const all = named("C-101");
  const generic = named("C-101", { type: "GENERIC" });
  for (const variables of [all, generic]) await ask(queries.LIST, variables);
  for (const variables of [all, generic]) {
    const list = client.watchQuery({ query: gql(queries.LIST), variables });
    const shown = list.subscribe(() => {});
    const { endCursor } = list.getCurrentResult().data.customer.promotions.pageInfo;
    await list.fetchMore({ variables: { after: endCursor } });
    shown.unsubscribe();
  }
  const [everything, filtered] = [all, generic].map((tab) => cached(queries.LIST, tab));
  return { all: ids(everything), generic: ids(filtered), nodes: queries.joined(everything) };
}

async function selections(queriesInTurn, cache) {
  const { ask, cached } = open(cache);
  const [first, ...others] = queriesInTurn;
  const before = await ask(first, named("C-MIXED"));
  for (const query of others) await ask(query, named("C-MIXED"));
  return { before, after: cached(first, named("C-MIXED")) };
}

const limits = [queries.POINTS, queries.TIMES, queries.MAXIMA];
const definitions = [queries.STATUS, queries.EXPIRIES];

report({
  tabs: () => tabs(),
  async tabsWithoutKeyArgs() {
    const promotions = relayStylePagination();
    const cache = new InMemoryCache({ typePolicies: { Customer: { fields: { promotions } } } });
    return tabs(cache).catch((error) => error.errors[0].extensions.code);
  },

  limits: () => selections(limits),
  limitsWithoutMerge: () => selections(limits, new InMemoryCache()),
  definitions: () => selections(definitions),

  async customers() {
    const { ask, cached } = open();
    const fetched = [];
    for (const variables of queries.families) fetched.push(await ask(queries.USAGE, variables));
    return {
      fetched,
      cached: queries.families.map((variables) => cached(queries.USAGE, variables)),
    };
  },

  async node() {
    const { ask } = open();
    const ids = queries.nodes(await ask(queries.USAGE, named("C-TEN")));
    const found = [];
    const before = requests.length;
    for (const [nth, id] of ids.entries()) {
      found.push((await ask(queries.CARDS[nth], { id })).node.__typename);
    }
    const inCache = requests.length === before;
    const { node } = await ask(queries.MORE, { id: ids[1] });
    return { found, inCache, restrictions: node.restrictions.length };
  },

  async defer() {
    const query = gql(queries.DEFERRED);
    const shown = [];
    const list = page.client.watchQuery({ query, variables: named("C-TEN") });
    await new Promise((complete) => {
      list.subscribe(({ data, dataState }) => {
        const edges = data?.customer?.promotions?.edges ?? [];
        shown.push(edges.filter(({ node }) => node.promotion.definition).length);
        if (dataState === "complete") complete();
      });
    });
    return shown;
  },

  async batch() {
    const { ask } = open(undefined, batchLink);
    const names = ["C-001", "C-002", "C-003"];
    const answers = await Promise.all(names.map((name) => ask(queries.LIST, named(name))));
    return answers.map((data) => data.customer.id);
  },

  awareness: () =>
    page.client
      .query({ query: gql(queries.LIST), variables: named("C-ONE") })
      .then(({ data }) => ids(data)),

  async press() {
    const { client, ask, cached } = open();
    const { enrol } = await load("/src/apolloEnrol.ts");
    const result = await writing.press({
      // A list that is at hand is not fetched again: what it shows then is the cache's.
      held: (by) => ask(writing.HELD, { by }),
      watch(by, note) {
        const list = client.watchQuery({ query: gql(writing.HELD), variables: { by } });
        const shown = list.subscribe(({ data }) => data && note(data));
        return () => shown.unsubscribe();
      },
      enrol: (by, card) => enrol(client, by, card),
    });
    const by = { externalId: "C-ENROL" };
    const { programId, promotionId } = result.done.after.promotion;
    const input = { by, programId, promotionId, stage: "ENROL", idempotencyKey: "apollo leaves" };
    await client.mutate({ mutation: gql(writing.WITHDRAW), variables: { input } });
    return { ...result, left: writing.cardOf(cached(writing.HELD, { by })).enrolments };
  },
});
