// urql with the normalised cache that docs/frontend.md recommends, and without its keys.
import { Client, fetchExchange, gql } from "@urql/core";
import { cacheExchange } from "@urql/exchange-graphcache";

import * as queries from "./queries.mjs";
import { load, report } from "./vite-project.mjs";
import * as writing from "./writing.mjs";

const { createClient } = await load("/src/urql.ts");
const { named, ids } = queries;

function open(client = createClient()) {
  const run = async (query, variables, requestPolicy) => {
    const answer = await client.query(gql(query), variables, { requestPolicy });
    if (answer.error) throw answer.error;
    return answer.data ?? null;
  };
  return {
    ask: (query, variables) => run(query, variables, "cache-first"),
    cached: (query, variables) => run(query, variables, "cache-only"),
  };
}

async function selections(queriesInTurn, client) {
  const { ask, cached } = open(client);
  const [first, ...others] = queriesInTurn;
  const before = await ask(first, named("C-MIXED"));
  for (const query of others) await ask(query, named("C-MIXED"));
  return { before, after: await cached(first, named("C-MIXED")) };
}

const limits = [queries.POINTS, queries.TIMES, queries.MAXIMA];
const definitions = [queries.STATUS, queries.EXPIRIES];

report({
  async tabs() {
    const { ask, cached } = open();
    const tabs = [named("C-101"), named("C-101", { type: "GENERIC" })];
    for (const tab of tabs) {
      const { endCursor } = (await ask(queries.LIST, tab)).customer.promotions.pageInfo;
      await ask(queries.LIST, { ...tab, after: endCursor });
    }
    const [all, generic] = await Promise.all(tabs.map((tab) => cached(queries.LIST, tab)));
    return { all: ids(all), generic: ids(generic), nodes: queries.joined(all) };
  },

  limits: () => selections(limits),
  definitions: () => selections(definitions),
  limitsWithoutKeys: () =>
    selections(
      limits,
      new Client({
        url: "/graphql",
        preferGetMethod: false,
        exchanges: [cacheExchange({}), fetchExchange],
      }),
    ),

  async customers() {
    const { ask, cached } = open();
    const fetched = [];
    for (const variables of queries.families) fetched.push(await ask(queries.USAGE, variables));
    const again = queries.families.map((variables) => cached(queries.USAGE, variables));
    return { fetched, cached: await Promise.all(again) };
  },

  async node() {
    const { ask } = open();
    const ids = queries.nodes(await ask(queries.USAGE, named("C-TEN")));
    const found = [];
    for (const [nth, id] of ids.entries()) {
      found.push((await ask(queries.CARDS[nth], { id })).node.__typename);
    }
    return { found };
  },

  async press() {
    const { client, enrol } = await load("/src/urqlEnrol.ts");
    const { ask } = open(client);
    return writing.press({
      held: (by) => ask(writing.HELD, { by }),
      watch(by, note) {
        const list = client.query(gql(writing.HELD), { by });
        const shown = list.subscribe(({ data }) => data && note(data));
        return () => shown.unsubscribe();
      },
      enrol,
    });
  },
});
