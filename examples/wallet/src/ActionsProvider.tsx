import { useApolloClient } from '@apollo/client/react';
import { createContext, type ReactNode, useContext, useRef, useState } from 'react';

import type { Action, Phase } from './actions';
import type { CardFragment } from './gql/graphql';
import { lookAgain, send } from './send';

interface Actions {
  phases: Readonly<Record<string, Phase>>;
  run: (card: CardFragment, action: Action) => void;
  check: (card: CardFragment) => void;
}

const Context = createContext<Actions>({ phases: {}, run: () => {}, check: () => {} });

/** The actions of one card: it may be shown twice, in the list and in its details. */
export function useActions(card: CardFragment) {
  const { phases, run, check } = useContext(Context);
  return {
    phase: phases[card.id],
    run: (action: Action) => run(card, action),
    check: () => check(card),
  };
}

/** Holds what has become of each card's last action, whatever is shown meanwhile. */
export function ActionsProvider(props: {
  externalId: string;
  onChanged: () => void;
  children: ReactNode;
}) {
  const client = useApolloClient();
  const [phases, setPhases] = useState<Record<string, Phase>>({});
  // A second click may come before the first one is rendered.
  const busy = useRef(new Set<string>());

  async function during(card: CardFragment, meanwhile: Phase, work: () => Promise<Phase>) {
    if (busy.current.has(card.id)) return;
    busy.current.add(card.id);
    setPhases((all) => ({ ...all, [card.id]: meanwhile }));
    const phase = await work();
    busy.current.delete(card.id);
    setPhases((all) => ({ ...all, [card.id]: phase }));
    if (phase.is === 'done') props.onChanged();
  }

  const run = (card: CardFragment, action: Action) =>
    void during(card, { is: 'pending', action }, () =>
      send(client, { externalId: props.externalId }, card, action),
    );
  const check = (card: CardFragment) => {
    const phase = phases[card.id];
    if (phase?.is !== 'uncertain') return;
    void during(card, { ...phase, isChecking: true, error: undefined }, () =>
      lookAgain(client, card, phase),
    );
  };
  return <Context value={{ phases, run, check }}>{props.children}</Context>;
}
