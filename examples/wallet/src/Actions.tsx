import './actions.css';

import { useLayoutEffect, useRef } from 'react';

import { type Action, actionsOf, type Phase } from './actions';
import { useActions } from './ActionsProvider';
import type { CardFragment } from './gql/graphql';
import { ProblemNote } from './ProblemNote';
import { ACTION_TEXTS } from './problems';
import { availability, button, outcome } from './words';

/** What can be done with a promotion now: by a button, or in words where it needs none. */
export function Actions({ card, titleId }: { card: CardFragment; titleId: string }) {
  const { phase, run, check } = useActions(card);
  const box = useRef<HTMLDivElement>(null);
  const wasPressed = useRef(false);
  const isPending = phase?.is === 'pending';
  const isBusy = isPending || (phase?.is === 'uncertain' && phase.isChecking);
  // Until it is known what has become of one action, another one would be a guess.
  const isLocked = isPending || phase?.is === 'uncertain';
  const buttons = actionsOf(card);
  const words = card.availability.filter(
    (word) => word !== 'AVAILABLE_TO_ENROL' && word !== 'AVAILABLE_FOR_ISSUE',
  );

  useLayoutEffect(() => {
    if (isBusy || !wasPressed.current) return;
    wasPressed.current = false;
    // The button that was pressed may be gone, and the focus with it.
    const focused = document.activeElement;
    if (focused !== document.body && !(focused instanceof HTMLDialogElement)) return;
    box.current?.querySelector<HTMLElement>('button, .outcome')?.focus();
  }, [isBusy, phase]);

  const press = (does: () => void) => () => {
    if (isBusy) return;
    wasPressed.current = true;
    does();
  };
  const isLeft = (action: Action) => action === 'leave' || action === 'deactivate';
  return (
    <div ref={box} className="act" aria-busy={isBusy}>
      {words.length + buttons.length === 0 && <p className="none">Not available now</p>}
      {words.length + buttons.length > 0 && (
        <ul className="actions" aria-label="What you can do now">
          {words.map((word) => (
            <li key={word} data-word={word}>
              {availability(word)}
            </li>
          ))}
          {buttons.map((action) => (
            <li key={action}>
              <button
                type="button"
                className={isLeft(action) ? 'quiet' : 'main'}
                aria-describedby={titleId}
                // Not `disabled`: that would take the focus away.
                aria-disabled={isLocked}
                onClick={press(() => isLocked || run(action))}
              >
                {button(action, isPending && phase.action === action)}
              </button>
            </li>
          ))}
        </ul>
      )}
      <p className="outcome" aria-live="polite" tabIndex={-1} data-phase={phase?.is}>
        {phase && outcome(phase)}
      </p>
      {phase?.is === 'uncertain' && (
        <Uncertain phase={phase} titleId={titleId} onCheck={press(check)} />
      )}
      {phase?.is === 'failed' && (
        <ProblemNote
          error={phase.error}
          texts={ACTION_TEXTS}
          onRetry={press(() => run(phase.action))}
        />
      )}
    </div>
  );
}

function Uncertain(props: {
  phase: Extract<Phase, { is: 'uncertain' }>;
  titleId: string;
  onCheck: () => void;
}) {
  const { error, isChecking } = props.phase;
  if (error) return <ProblemNote error={error} onRetry={props.onCheck} />;
  return (
    <button
      type="button"
      className="main"
      aria-describedby={props.titleId}
      aria-disabled={isChecking}
      onClick={props.onCheck}
    >
      {isChecking ? 'Looking …' : 'Look again'}
    </button>
  );
}
