import type { CardFragment, PromotionUserErrorCode } from './gql/graphql';

/** What a customer can do with a card by a button. */
export type Action = 'join' | 'activate' | 'deactivate' | 'leave';

/** How much there is of a promotion: what an action adds to or takes from. */
export interface Holding {
  enrolments: number;
  issues: number;
}

/** What has become of the last press of a button of a card. */
export type Phase =
  | { is: 'pending'; action: Action }
  | { is: 'done'; action: Action }
  | { is: 'refused'; action: Action; code: PromotionUserErrorCode | undefined }
  // It may have been done, and nothing shows yet that it was.
  | { is: 'uncertain'; action: Action; before: Holding; isChecking: boolean; error?: Error | undefined }
  // It was uncertain, and a later look shows that it has not been done.
  | { is: 'absent'; action: Action }
  | { is: 'failed'; action: Action; error: Error };

export function holding({ enrolments }: CardFragment): Holding {
  const all = enrolments ?? [];
  return { enrolments: all.length, issues: all.flatMap(({ issues }) => issues).length };
}

/** Return the buttons of a card. The gateway knows what is possible; a refusal may still come. */
export function actionsOf(card: CardFragment): Action[] {
  const actions: Action[] = [];
  if (card.availability.includes('AVAILABLE_TO_ENROL')) actions.push('join');
  if (card.availability.includes('AVAILABLE_FOR_ISSUE')) actions.push('activate');
  if (card.promotion.validity === 'ENDED') return actions;
  const held = (card.enrolments ?? []).filter(({ isExpired }) => isExpired !== true);
  // An enrolment whose issues are left cannot be withdrawn: one step back at a time.
  if (held.some(({ issues }) => issues.length > 0)) actions.push('deactivate');
  else if (held.length > 0 && card.promotion.type === 'ENROL_AND_ISSUE') actions.push('leave');
  return actions;
}

/** Whether what is held now shows that an action has been done. */
export function isShown(action: Action, before: Holding, after: Holding): boolean {
  switch (action) {
    case 'join':
      return after.enrolments > before.enrolments;
    case 'activate':
      return after.issues > before.issues;
    case 'deactivate':
      return after.issues < before.issues;
    case 'leave':
      return after.enrolments < before.enrolments;
  }
}

const slot = (cardId: string, action: Action) => `wallet:key:${action}:${cardId}`;

/**
 * Return the idempotency key of a press of a button. It is the same one until there is an answer,
 * also after a reload: what is sent again with it is done once.
 */
export function keyOf(cardId: string, action: Action): string {
  const name = slot(cardId, action);
  const kept = sessionStorage.getItem(name);
  if (kept !== null) return kept;
  const key = crypto.randomUUID();
  sessionStorage.setItem(name, key);
  return key;
}

/** Forget a key: the next press is another one. */
export const dropKey = (cardId: string, action: Action): void =>
  sessionStorage.removeItem(slot(cardId, action));
