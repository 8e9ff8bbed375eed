import { useQuery } from '@apollo/client/react';
import { useEffect, useRef } from 'react';

import { Actions } from './Actions';
import type { CardFragment, DetailsQuery } from './gql/graphql';
import { ProblemNote } from './ProblemNote';
import { TightestLimit } from './PromotionCard';
import { DETAILS } from './queries';
import { date, left, measure, stage } from './words';

type Node = NonNullable<DetailsQuery['node']>;
type Shown = Extract<Node, { availability: unknown }>;

/** One promotion whole. What the list has brought is there at once; the definition comes last. */
export function Details({ card, onClose }: { card: CardFragment; onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const { data, error, refetch } = useQuery(DETAILS, { variables: { id: card.id } });

  useEffect(() => {
    // React runs effects twice in development, and older browsers refuse to open it twice.
    if (dialog.current?.open === false) dialog.current.showModal();
  }, []);

  const shown = data?.node && 'availability' in data.node ? data.node : undefined;
  const status = data ? 'It is not in this wallet any more.' : 'Loading …';
  return (
    <dialog ref={dialog} aria-labelledby="details-title" onClose={onClose}>
      <form method="dialog">
        <button type="submit" className="close" aria-label="Close">
          ×
        </button>
      </form>
      <h2 id="details-title" dir="auto">
        {card.promotion.name}
      </h2>
      {card.promotion.description && <p dir="auto">{card.promotion.description}</p>}
      <TightestLimit card={shown ?? card} />
      <Actions card={shown ?? card} titleId="details-title" />
      {shown ? <Body shown={shown} /> : !error && <p className="status">{status}</p>}
      {error && <ProblemNote error={error} onRetry={() => void refetch()} />}
    </dialog>
  );
}

function Body({ shown: { promotion, currentEnrolment, restrictions } }: { shown: Shown }) {
  return (
    <>
      <dl>
        {promotion.program.name && <Row name="Program" text={promotion.program.name} />}
        {promotion.startsAt && <Row name="Starts" text={date(promotion.startsAt)} />}
        {promotion.endsAt && <Row name="Ends" text={date(promotion.endsAt)} />}
        {currentEnrolment?.enrolledAt && (
          <Row name="Joined" text={date(currentEnrolment.enrolledAt)} />
        )}
        {restrictions.map((restriction, place) => (
          <Row
            // They have no id, and their order is the platform's own.
            key={place}
            name={stage(restriction.stage)}
            text={left(restriction.limit, measure(restriction.measure, restriction.measureName))}
          />
        ))}
      </dl>
      <Definition promotion={promotion} />
    </>
  );
}

/** How it is set up: absent until that part of the response has come, null where nobody knows. */
function Definition({ promotion: { definition } }: { promotion: Shown['promotion'] }) {
  if (definition === undefined) {
    return <p className="status">How it is set up comes in a moment …</p>;
  }
  if (definition === null) return <p className="status">How it is set up is not known.</p>;
  return (
    <dl aria-label="How it is set up">
      <Row name="Status" text={definition.status.toLowerCase()} />
      {definition.updatedAt && <Row name="Changed" text={date(definition.updatedAt)} />}
      {definition.isStackable !== null && (
        <Row name="With others" text={definition.isStackable ? 'yes' : 'no'} />
      )}
      {definition.issueWindow?.opensAt && (
        <Row name="To activate, from" text={date(definition.issueWindow.opensAt)} />
      )}
      {definition.issueWindow?.closesAt && (
        <Row name="To activate, until" text={date(definition.issueWindow.closesAt)} />
      )}
      {definition.expiries.map(({ stage: at, days, expiresAt }, place) =>
        expiresAt ? (
          <Row key={place} name={at ? `${stage(at)}, until` : 'Until'} text={date(expiresAt)} />
        ) : days === null ? null : (
          <Row key={place} name={at ? `${stage(at)}, within` : 'Within'} text={`${days} days`} />
        ),
      )}
    </dl>
  );
}

function Row({ name, text }: { name: string; text: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        <bdi>{text}</bdi>
      </dd>
    </div>
  );
}
