import type { ApolloClient } from '@apollo/client';

import { type Action, dropKey, holding, isShown, keyOf, type Phase } from './actions';
import type { CardFragment, CustomerIdentifier, OutcomeFragment } from './gql/graphql';
import { CARD_AGAIN, ENROL, ISSUE, WITHDRAW } from './queries';

interface Answer {
  done?: OutcomeFragment | undefined;
  error?: Error | undefined;
}

/** Send what a button is for, once; return what has become of it. */
export async function send(
  client: ApolloClient,
  by: CustomerIdentifier,
  card: CardFragment,
  action: Action,
): Promise<Phase> {
  const before = holding(card);
  const { done, error } = await mutate(client, by, card, action);
  if (!done) {
    // The key stays: whether nothing was done or nobody knows, the same again is done once.
    return { is: 'failed', action, error: error ?? new Error('There is no answer.') };
  }
  if (done.outcome === 'UNCERTAIN') {
    const now = done.customerPromotion;
    if (!now || !isShown(action, before, holding(now))) {
      return { is: 'uncertain', action, before, isChecking: false };
    }
  }
  dropKey(card.id, action);
  // Reading it again has failed: the outcome stands, and the card is read once more.
  if (!done.customerPromotion) await readAgain(client, card.id).catch(() => undefined);
  return done.outcome === 'REFUSED'
    ? { is: 'refused', action, code: done.userErrors[0]?.code }
    : { is: 'done', action };
}

/** Read a card past all caches: does it show what was uncertain? */
export async function lookAgain(
  client: ApolloClient,
  card: CardFragment,
  { action, before }: Extract<Phase, { is: 'uncertain' }>,
): Promise<Phase> {
  const unsure: Phase = { is: 'uncertain', action, before, isChecking: false };
  try {
    const { data, error } = await readAgain(client, card.id);
    if (error) return { ...unsure, error };
    const now = data?.node && 'availability' in data.node ? data.node : undefined;
    const after = now ? holding(now) : { enrolments: 0, issues: 0 };
    dropKey(card.id, action);
    return { is: isShown(action, before, after) ? 'done' : 'absent', action };
  } catch (error) {
    return { ...unsure, error: error as Error };
  }
}

const readAgain = (client: ApolloClient, id: string) =>
  client.query({
    query: CARD_AGAIN,
    variables: { id },
    fetchPolicy: 'network-only',
    errorPolicy: 'all',
  });

async function mutate(
  client: ApolloClient,
  by: CustomerIdentifier,
  card: CardFragment,
  action: Action,
): Promise<Answer> {
  const { programId, promotionId } = card.promotion;
  const input = { by, programId, promotionId, idempotencyKey: keyOf(card.id, action) };
  const errorPolicy = 'all';
  try {
    if (action === 'join') {
      const { data, error } = await client.mutate({ mutation: ENROL, variables: { input }, errorPolicy });
      return { done: data?.enrolInPromotion, error };
    }
    if (action === 'activate') {
      const { data, error } = await client.mutate({ mutation: ISSUE, variables: { input }, errorPolicy });
      return { done: data?.issuePromotion, error };
    }
    const stage = action === 'leave' ? 'ENROL' : 'ISSUE';
    const variables = { input: { ...input, stage } } as const;
    const { data, error } = await client.mutate({ mutation: WITHDRAW, variables, errorPolicy });
    return { done: data?.withdrawFromPromotion, error };
  } catch (error) {
    return { error: error as Error };
  }
}
