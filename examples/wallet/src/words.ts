import type { Action, Phase } from './actions';
import type {
  LimitFieldsFragment,
  PromotionAvailability,
  PromotionType,
  PromotionUserErrorCode,
  RestrictionMeasure,
  RestrictionStage,
} from './gql/graphql';

const numbers = new Intl.NumberFormat();
const days = new Intl.RelativeTimeFormat(undefined, { numeric: 'auto' });
const dates = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium' });
const DAY_MS = 86_400_000;

export const number = (value: number): string => numbers.format(value);
export const date = (text: string): string => dates.format(new Date(text));

/** Return the number of an instant's day in the zone of the reader. */
const dayOf = (at: Date): number =>
  Date.UTC(at.getFullYear(), at.getMonth(), at.getDate()) / DAY_MS;

/** Return a day as "in 3 days", and from two months on as a date. What ends tonight ends today. */
export function relativeDay(text: string): string {
  const distance = dayOf(new Date(text)) - dayOf(new Date());
  return Math.abs(distance) > 60 ? `on ${date(text)}` : days.format(distance, 'day');
}

// New words may come at any time, so that none of these tables is complete for ever.
const AVAILABILITIES: Partial<Record<PromotionAvailability, string>> = {
  AVAILABLE_TO_REDEEM: 'Redeem',
  EXPIRED: 'Ended',
};
const BUTTONS: Record<Action, { label: string; pending: string; done: string }> = {
  join: { label: 'Join', pending: 'Joining …', done: 'You have joined.' },
  activate: { label: 'Activate', pending: 'Activating …', done: 'It is active.' },
  deactivate: { label: 'Deactivate', pending: 'Deactivating …', done: 'It is not active any more.' },
  leave: { label: 'Leave', pending: 'Leaving …', done: 'You have left.' },
};
const REFUSALS: Partial<Record<PromotionUserErrorCode, string>> = {
  CUSTOMER_NOT_FOUND: 'Your number is not known any more.',
  PROMOTION_NOT_FOUND: 'This is not offered any more.',
  PROMOTION_NOT_ACTIVE: 'This is paused or over.',
  NOT_ENROLLABLE: 'This cannot be joined.',
  NOT_ISSUABLE: 'This cannot be activated for you.',
  ALREADY_ENROLLED_OR_LIMIT_REACHED: 'You have this already, or it is used up.',
  WINDOW_NOT_OPEN: 'It is too early for this.',
  WINDOW_CLOSED: 'It is too late for this.',
  NOTHING_TO_WITHDRAW: 'There is nothing of this to give back.',
};
const TYPES: Partial<Record<PromotionType, string>> = {
  DIRECT_ISSUE: 'Reward',
  ENROL_AND_ISSUE: 'Challenge',
  GENERIC: 'Offer',
};
const STAGES: Partial<Record<RestrictionStage, string>> = {
  ENROL: 'To join',
  ISSUE: 'To activate',
  REDEEM: 'To redeem',
};
const MEASURES: Partial<Record<RestrictionMeasure, string>> = {
  TIMES: 'times',
  POINTS: 'points',
  ENROLMENTS: 'enrolments',
  ISSUES: 'issues',
  REDEMPTIONS_PER_ISSUE: 'redemptions each',
  POINTS_PER_ISSUE: 'points each',
};

export const availability = (word: PromotionAvailability): string => AVAILABILITIES[word] ?? word;
export const button = (action: Action, isPending: boolean): string =>
  isPending ? BUTTONS[action].pending : BUTTONS[action].label;
export const type = (word: PromotionType): string => TYPES[word] ?? 'Promotion';
export const stage = (word: RestrictionStage): string => STAGES[word] ?? word;
export const measure = (word: RestrictionMeasure, own: string): string => MEASURES[word] ?? own;

/** Return what is left of a limit, for a person. */
export function left(limit: LimitFieldsFragment, unit: string): string {
  if (limit.kind === 'UNLIMITED') return 'Unlimited';
  if (limit.max === null || limit.max === undefined) return 'No limit stated';
  if (limit.isExhausted) return `All ${number(limit.max)} ${unit} used`;
  if (limit.remaining === null || limit.remaining === undefined) {
    return `Up to ${number(limit.max)} ${unit}`;
  }
  return `${number(limit.remaining)} of ${number(limit.max)} ${unit} left`;
}

/** Return what has become of an action, for a person. What has failed is said by a note of its own. */
export function outcome(phase: Phase): string {
  const { label, pending, done } = BUTTONS[phase.action];
  switch (phase.is) {
    case 'pending':
      return pending;
    case 'done':
      return done;
    case 'refused':
      return (phase.code && REFUSALS[phase.code]) ?? 'This was refused.';
    case 'uncertain':
      return phase.isChecking ? 'Looking …' : `We do not know yet whether “${label}” has worked.`;
    case 'absent':
      return `“${label}” has not worked. You can try again.`;
    case 'failed':
      return '';
  }
}
