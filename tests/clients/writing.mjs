// The scenarios of docs/writing.md: what a list shows while and after a button is pressed.

// Browsers have it; the tests' node has not.
const kept = new Map();
globalThis.sessionStorage = {
  getItem: (name) => kept.get(name) ?? null,
  setItem: (name, value) => kept.set(name, value),
  removeItem: (name) => kept.delete(name),
};

const PROGRAM = "9031";

export const HELD = `
  query Held($by: CustomerIdentifier!) {
    customer(by: $by) {
      id
      promotions(first: 5) {
        edges {
          node {
            __typename
            id
            availability
            promotion { __typename id programId promotionId name }
            enrolments { __typename enrolmentId expiresAt }
          }
        }
      }
    }
  }
`;
export const WITHDRAW = `
  mutation Withdraw($input: WithdrawFromPromotionInput!) {
    withdrawFromPromotion(input: $input) {
      outcome
      customerPromotion { id availability enrolments { enrolmentId expiresAt } }
    }
  }
`;

/** The card of the old interface, which each of the customers here has one of. */
export const cardOf = (data) =>
  data.customer.promotions.edges.find(({ node }) => node.promotion.programId === PROGRAM).node;

/** Collects the ids of a card's enrolments whenever they change. */
export function recorder() {
  const shown = [];
  const note = (data) => {
    const ids = (cardOf(data).enrolments ?? []).map(({ enrolmentId }) => enrolmentId);
    if (JSON.stringify(shown.at(-1)) !== JSON.stringify(ids)) shown.push(ids);
  };
  return { shown, note };
}

export const keys = () => [...kept.keys()];

/** Press the button of three customers: one may join, one may not, and one input is no input. */
export async function press({ held, watch, enrol }) {
  const results = {};
  for (const [name, who] of Object.entries({ done: "C-ENROL", refused: "C-LIMIT", failed: "C-ISSUED" })) {
    const by = { externalId: who };
    const card = cardOf(await held(by));
    const { shown, note } = recorder();
    const stop = watch(by, note);
    const given = name === "failed" ? { externalId: "" } : by;
    const { done, error, text } = await enrol(given, card);
    stop();
    results[name] = {
      id: card.id,
      returned: done?.customerPromotion?.id ?? null,
      outcome: done?.outcome ?? null,
      hasError: Boolean(error),
      text: text ?? null,
      shown,
      after: cardOf(await held(by)),
      keys: keys().length,
    };
  }
  return results;
}
