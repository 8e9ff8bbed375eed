import { NetworkStatus } from '@apollo/client';
import { useApolloClient, useQuery } from '@apollo/client/react';
import { useEffect, useRef, useState } from 'react';

import { ActionsProvider } from './ActionsProvider';
import { Details } from './Details';
import type { CardFragment } from './gql/graphql';
import { ProblemNote } from './ProblemNote';
import { problemOf } from './problems';
import { PromotionCard } from './PromotionCard';
import { COUNTS, WALLET } from './queries';
import { type Tab, Tabs } from './Tabs';
import { number } from './words';

const PAGE = 20;
const TYPING_MS = 300;
const SOONEST_FIRST = { field: 'NEXT_EXPIRY_AT', direction: 'ASC' } as const;

/** One customer's promotions: tabs, search, and a list that grows as it is scrolled. */
export function Wallet({ externalId, onLeave }: { externalId: string; onLeave: () => void }) {
  const [tab, setTab] = useState<Tab>(null);
  const [typed, setTyped] = useState('');
  const [isSorted, setSorted] = useState(true);
  const [isUnsortable, setUnsortable] = useState(false);
  const [opened, setOpened] = useState<CardFragment>();
  const [pageError, setPageError] = useState<Error>();
  const search = useSettled(typed.trim(), TYPING_MS);
  const client = useApolloClient();
  const hasChanged = useRef(false);
  const { data, previousData, error, networkStatus, fetchMore, refetch } = useQuery(WALLET, {
    variables: {
      by: { externalId },
      availability: tab,
      search: search || null,
      orderBy: isSorted ? SOONEST_FIRST : null,
      first: PAGE,
    },
    notifyOnNetworkStatusChange: true,
  });
  const isTooLong = error !== undefined && problemOf(error).code === 'LIST_TOO_LONG';

  useEffect(() => setPageError(undefined), [tab, search, isSorted]);
  useEffect(() => setUnsortable(false), [tab]);
  useEffect(() => {
    // Too many to sort: shown in the platform's order, which needs no more than a page.
    if (!isTooLong || !isSorted || search) return;
    setSorted(false);
    setUnsortable(true);
  }, [isTooLong, isSorted, search]);

  const isLoadingMore = networkStatus === NetworkStatus.fetchMore;
  const isLoading = networkStatus < NetworkStatus.ready && !isLoadingMore;
  const customer = (data ?? (isLoading ? previousData : undefined))?.customer;
  const page = customer?.promotions;
  const shownError = isTooLong && !search ? undefined : (pageError ?? error);

  async function showMore() {
    setPageError(undefined);
    const variables = { after: page?.pageInfo.endCursor ?? null };
    setPageError((await fetchMore({ variables, errorPolicy: 'all' })).error);
  }

  /** An action has moved a card to other lists; the open one stays, so that nothing jumps. */
  function noteChange() {
    hasChanged.current = true;
    void client.refetchQueries({ include: [COUNTS] });
  }

  /** Open another list, from the cache unless an action has made it stale. */
  function openList(open: () => void) {
    const id = customer && client.cache.identify({ __typename: 'Customer', id: customer.id });
    if (hasChanged.current && id) {
      hasChanged.current = false;
      // Without a broadcast: the list that is still open is not fetched again.
      client.cache.evict({ id, fieldName: 'promotions', broadcast: false });
    }
    open();
  }

  function retry() {
    if (pageError) void showMore();
    else void refetch();
  }

  if (data?.customer === null && !error && !isLoading) {
    return (
      <main className="sign-in">
        <h1>No such customer</h1>
        <p>Nobody has the number {externalId}.</p>
        <button type="button" onClick={onLeave}>
          Try another
        </button>
      </main>
    );
  }
  return (
    <ActionsProvider externalId={externalId} onChanged={noteChange}>
      <header className="top">
        <div>
          <h1>Wallet</h1>
          <button type="button" className="leave" onClick={onLeave}>
            Sign out {externalId}
          </button>
        </div>
        <Tabs externalId={externalId} tab={tab} onChange={(next) => openList(() => setTab(next))} />
        <div className="tools">
          <label className="search">
            <span>Search</span>
            <input
              type="search"
              value={typed}
              onChange={(event) => setTyped(event.target.value)}
              maxLength={256}
              dir="auto"
            />
          </label>
          <label className="sorted">
            <input
              type="checkbox"
              checked={isSorted}
              onChange={(event) => openList(() => setSorted(event.target.checked))}
            />
            Ending soonest first
          </label>
        </div>
      </header>
      <main aria-busy={isLoading}>
        <p className="status" role="status">
          {page && summary(page.edges.length, page.totalCount ?? null)}
          {page && isUnsortable && !isSorted && ', too many to sort'}
        </p>
        <ul className="cards">
          {page?.edges.map(({ node }) => (
            <li key={node.id}>
              <PromotionCard card={node} onOpen={() => setOpened(node)} />
            </li>
          ))}
          {isLoading && !page && <Skeletons />}
        </ul>
        {shownError && <ProblemNote error={shownError} onRetry={retry} />}
        {page?.pageInfo.hasNextPage && !pageError && (
          <More isLoading={isLoadingMore} onMore={() => void showMore()} />
        )}
      </main>
      {opened && <Details card={opened} onClose={() => setOpened(undefined)} />}
    </ActionsProvider>
  );
}

function summary(shown: number, total: number | null): string {
  if (shown === 0) return 'No promotions here';
  if (shown === 1 && (total ?? 1) === 1) return '1 promotion';
  if (total === null || total === shown) return `${number(shown)} promotions`;
  return `${number(shown)} of ${number(total)} promotions`;
}

/** Loads the next page when it comes into view; a button for those who do not scroll. */
function More({ isLoading, onMore }: { isLoading: boolean; onMore: () => void }) {
  const button = useRef<HTMLButtonElement>(null);
  const more = useRef(onMore);
  more.current = onMore;
  useEffect(() => {
    if (isLoading || button.current === null) return undefined;
    const observer = new IntersectionObserver(
      (entries) => {
        if (entries.some((entry) => entry.isIntersecting)) more.current();
      },
      { rootMargin: '400px' },
    );
    observer.observe(button.current);
    return () => observer.disconnect();
  }, [isLoading]);
  return (
    <button ref={button} type="button" className="more" disabled={isLoading} onClick={onMore}>
      {isLoading ? 'Loading …' : 'Show more'}
    </button>
  );
}

function Skeletons() {
  return [0, 1, 2, 3].map((place) => <li key={place} className="card skeleton" aria-hidden="true" />);
}

/** Return a value once it has not changed for a while. */
function useSettled(value: string, delayMs: number): string {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), delayMs);
    return () => clearTimeout(timer);
  }, [value, delayMs]);
  return settled;
}
