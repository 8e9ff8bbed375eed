// Relay with the environment and the documents of docs/frontend.md, and those of relayDocuments.ts.
import relay from "relay-runtime";

import * as queries from "./queries.mjs";
import { load, report, requests } from "./vite-project.mjs";
import * as writing from "./writing.mjs";

const { createOperationDescriptor, fetchQuery, getSelector } = relay;
const { createEnvironment } = await load("/src/environment.ts");
const artifact = async (name) => (await load(`/src/__generated__/${name}.graphql.ts`)).default;
const pageQuery = await artifact("CustomerPromotionsPageQuery");
const pageFragment = await artifact("CustomerPromotions_customer");
const opening = await artifact("CustomerPromotionsQuery");
const [usage, points, times] = await Promise.all(
  ["Usage", "Points", "Times"].map((name) => artifact(`relayDocuments${name}Query`)),
);
const { named } = queries;

function open() {
  const environment = createEnvironment();
  const cached = (query, variables) => {
    const operation = createOperationDescriptor(query, variables);
    const { data, isMissingData } = environment.lookup(operation.fragment);
    return isMissingData ? null : data;
  };
  return {
    environment,
    cached,
    async ask(query, variables) {
      const operation = createOperationDescriptor(query, variables);
      environment.retain(operation);
      const options = { fetchPolicy: "network-only" };
      await fetchQuery(environment, query, variables, options).toPromise();
      return cached(query, variables);
    },
  };
}

const names = (connection) => connection.edges.map(({ node }) => node.promotion.name);

const stored = ({ cached }) => cached(opening, { by: named("C-101").by }).customer;
const owner = (client) => stored(client).__id;
const shown = (client) =>
  client.environment.lookup(getSelector(pageFragment, stored(client))).data.promotions;

/** Fetch a customer by an identifier, and then pages of a tab by the customer's id. */
async function list({ environment, ask }, filter, pages) {
  const { customer } = await ask(opening, { by: named("C-101").by });
  let cursor = null;
  let page;
  for (let fetched = 0; fetched < pages; fetched += 1) {
    const variables = { id: customer.__id, count: 20, cursor, ...filter };
    const { node } = await ask(pageQuery, variables);
    page = environment.lookup(getSelector(pageFragment, node)).data.promotions;
    cursor = page.pageInfo.endCursor;
    if (!page.pageInfo.hasNextPage) break;
  }
  return page;
}

report({
  async toTheEnd() {
    return names(await list(open(), {}, 10));
  },

  async tabs() {
    const client = open();
    const all = names(await list(client, {}, 2));
    const availability = "AVAILABLE_TO_REDEEM";
    const redeemable = await client.ask(pageQuery, { id: owner(client), count: 20, availability });
    const selector = getSelector(pageFragment, redeemable.node);
    return {
      redeemable: names(client.environment.lookup(selector).data.promotions),
      all,
      after: names(shown(client)),
    };
  },

  async limits() {
    const { ask, cached } = open();
    const { by } = named("C-MIXED");
    const before = await ask(points, { by });
    await ask(times, { by });
    return { before, after: cached(points, { by }) };
  },

  async customers() {
    const { ask, cached } = open();
    const who = queries.families.map(({ by, source }) => ({ by, source: source ?? "INSTORE" }));
    const fetched = [];
    for (const variables of who) fetched.push(await ask(usage, variables));
    return { fetched, cached: who.map((variables) => cached(usage, variables)) };
  },

  async nodes() {
    const { environment, ask } = open();
    const { by } = named("C-TEN");
    const ids = queries.nodes(await ask(usage, { by, source: "INSTORE" }));
    const found = [];
    for (const [nth, kind] of ["customer", "held", "promotion", "program"].entries()) {
      const name = kind[0].toUpperCase() + kind.slice(1);
      const before = requests.length;
      const { node } = await ask(await artifact(`relayDocuments${name}Query`), { id: ids[nth] });
      const selector = getSelector(await artifact(`relayDocuments_${kind}`), node);
      const { data, isMissingData } = environment.lookup(selector);
      found.push({ data, isMissingData, requests: requests.length - before });
    }
    return found;
  },

  async refused() {
    const by = { externalId: "" };
    return open()
      .ask(opening, { by })
      .then(() => null, ({ code, retryable }) => ({ code, retryable }));
  },

  async press() {
    const { environment, ask, cached } = open();
    const { enrol } = await load("/src/EnrolMutation.ts");
    const holding = await artifact("relayDocumentsHoldingQuery");
    return writing.press({
      held: async (by) => cached(holding, { by }) ?? ask(holding, { by }),
      watch(by, note) {
        const { fragment } = createOperationDescriptor(holding, { by });
        const snapshot = environment.lookup(fragment);
        note(snapshot.data);
        const shown = environment.subscribe(snapshot, ({ data }) => note(data));
        return () => shown.dispose();
      },
      enrol: (by, { promotion, ...card }) =>
        enrol(environment, card, {
          by,
          source: "INSTORE",
          programId: promotion.programId,
          promotionId: promotion.promotionId,
        }).then(
          (done) => ({ done }),
          (error) => ({ error }),
        ),
    });
  },
});
