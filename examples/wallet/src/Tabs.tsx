import { useQuery } from '@apollo/client/react';

import type { CountsQuery, PromotionAvailability } from './gql/graphql';
import { COUNTS } from './queries';
import { number } from './words';

export type Tab = PromotionAvailability | null;

type Counts = NonNullable<NonNullable<CountsQuery['customer']>['promotionCounts']>;

const TABS: readonly [Tab, string, keyof Counts][] = [
  [null, 'All', 'all'],
  ['AVAILABLE_TO_REDEEM', 'Redeem', 'availableToRedeem'],
  ['AVAILABLE_FOR_ISSUE', 'Activate', 'availableForIssue'],
  ['AVAILABLE_TO_ENROL', 'Join', 'availableToEnrol'],
  ['EXPIRED', 'Ended', 'expired'],
];

/** The wallet's tabs. Their counts come on their own: a tab works while its count is missing. */
export function Tabs(props: { externalId: string; tab: Tab; onChange: (tab: Tab) => void }) {
  const { data } = useQuery(COUNTS, { variables: { by: { externalId: props.externalId } } });
  const counts = data?.customer?.promotionCounts;
  return (
    <nav aria-label="Promotions by what you can do">
      {TABS.map(([tab, title, count]) => {
        const figure = counts?.[count];
        return (
          <button
            key={title}
            type="button"
            aria-pressed={props.tab === tab}
            onClick={() => props.onChange(tab)}
          >
            {title}
            {typeof figure === 'number' && <span className="count">{number(figure)}</span>}
          </button>
        );
      })}
    </nav>
  );
}
