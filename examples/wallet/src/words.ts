import type {
  LimitFieldsFragment,
  PromotionAvailability,
  PromotionType,
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
const ACTIONS: Partial<Record<PromotionAvailability, string>> = {
  AVAILABLE_TO_ENROL: 'Join',
  AVAILABLE_FOR_ISSUE: 'Get',
  AVAILABLE_TO_REDEEM: 'Redeem',
  EXPIRED: 'Ended',
};
const TYPES: Partial<Record<PromotionType, string>> = {
  DIRECT_ISSUE: 'Reward',
  ENROL_AND_ISSUE: 'Challenge',
  GENERIC: 'Offer',
};
const STAGES: Partial<Record<RestrictionStage, string>> = {
  ENROL: 'To join',
  ISSUE: 'To get it',
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

export const action = (word: PromotionAvailability): string => ACTIONS[word] ?? word;
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
