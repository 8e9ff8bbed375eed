import { useId } from 'react';

import { Actions } from './Actions';
import type { CardFragment } from './gql/graphql';
import { date, left, measure, number, relativeDay, type } from './words';

/** One promotion: what it is, what can be done with it, what is left of it. */
export function PromotionCard({ card, onOpen }: { card: CardFragment; onOpen: () => void }) {
  const { promotion } = card;
  const titleId = useId();
  return (
    <article className="card" data-validity={promotion.validity} data-program={promotion.programId}>
      <header>
        <span className="type">{type(promotion.type)}</span>
        <Ending card={card} />
      </header>
      <h2 dir="auto" id={titleId}>
        <button type="button" className="open" onClick={onOpen}>
          {promotion.name}
        </button>
      </h2>
      {promotion.description && (
        <p className="description" dir="auto">
          {promotion.description}
        </p>
      )}
      <TightestLimit card={card} />
      <Actions card={card} titleId={titleId} />
    </article>
  );
}

function Ending({ card: { promotion, nextExpiryAt } }: { card: CardFragment }) {
  if (promotion.validity === 'UPCOMING' && promotion.startsAt) {
    return <time dateTime={promotion.startsAt}>starts {relativeDay(promotion.startsAt)}</time>;
  }
  if (promotion.validity === 'ENDED' && promotion.endsAt) {
    return <time dateTime={promotion.endsAt}>ended {relativeDay(promotion.endsAt)}</time>;
  }
  if (!nextExpiryAt) return <span>no end stated</span>;
  return (
    <time dateTime={nextExpiryAt} title={date(nextExpiryAt)}>
      ends {relativeDay(nextExpiryAt)}
    </time>
  );
}

/** Return what is known of limits where no use is: the first of them, or whether there is any. */
function untracked({ limits, restrictions }: CardFragment): string {
  const first = restrictions.find(({ limit }) => limit.kind === 'LIMITED');
  if (first) return left(first.limit, measure(first.measure, first.measureName));
  const own = [limits.pointsPerCustomer, limits.timesPerCustomer];
  const others = [limits.pointsPerEvent, limits.pointsInPromotion];
  const isUnlimited =
    own.every(({ kind }) => kind === 'UNLIMITED') && others.every(({ kind }) => kind !== 'LIMITED');
  return isUnlimited ? 'Unlimited' : 'No use stated';
}

/** A bar for the limit of which least is left; without one, what is known of limits at all. */
export function TightestLimit({ card }: { card: CardFragment }) {
  const { tightestLimit } = card;
  if (!tightestLimit) return <p className="limit">{untracked(card)}</p>;
  const { limit } = tightestLimit;
  const unit = measure(tightestLimit.measure, tightestLimit.measureName);
  const max = limit.max ?? 0;
  const remaining = limit.remaining ?? 0;
  const text = left(limit, unit);
  return (
    <div className="limit" data-exhausted={limit.isExhausted === true}>
      <div
        className="bar"
        role="meter"
        aria-label={`Left of ${number(max)} ${unit}`}
        aria-valuemin={0}
        aria-valuemax={max}
        aria-valuenow={remaining}
        aria-valuetext={text}
      >
        <span style={{ width: `${max > 0 ? (100 * remaining) / max : 0}%` }} />
      </div>
      <p>{text}</p>
    </div>
  );
}
