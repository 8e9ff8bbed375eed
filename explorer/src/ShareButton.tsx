import { ToolbarButton, useGraphiQL } from '@graphiql/react';
import { useEffect, useState } from 'react';

import { shareLink } from './share';

const CONFIRMATION_MS = 2000;
const COPY = 'Copy a link to this query, without its headers';

/** Copies a link that opens the operation of this tab. */
export function ShareButton() {
  const queryEditor = useGraphiQL((state) => state.queryEditor);
  const variableEditor = useGraphiQL((state) => state.variableEditor);
  const operationName = useGraphiQL((state) => state.operationName);
  const [outcome, setOutcome] = useState('');

  useEffect(() => {
    if (outcome === '') return undefined;
    const timer = setTimeout(() => setOutcome(''), CONFIRMATION_MS);
    return () => clearTimeout(timer);
  }, [outcome]);

  const share = async () => {
    const query = queryEditor?.getValue() ?? '';
    if (query.trim() === '') return;
    const variables = variableEditor?.getValue() ?? null;
    // GraphiQL reads a text that has just been opened a moment later: this may still be another's.
    const isCurrent = operationName !== undefined && query.includes(operationName);
    const link = shareLink({ query, variables, operationName: isCurrent ? operationName : null });
    // The address has the link, too: without https, browsers have no clipboard.
    window.history.replaceState(null, '', link);
    setOutcome((await copy(link)) ? 'The link is copied' : 'The link is in the address bar');
  };

  return (
    <ToolbarButton label={outcome === '' ? COPY : outcome} onClick={() => void share()}>
      <ShareIcon />
    </ToolbarButton>
  );
}

/** Copy a text; return whether the browser has a clipboard and allows it. */
async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

function ShareIcon() {
  return (
    <svg
      className="graphiql-toolbar-icon"
      viewBox="0 0 20 20"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.5"
      aria-hidden="true"
    >
      <path d="M8.5 11.5a3.5 3.5 0 0 0 5 0l3-3a3.5 3.5 0 0 0-5-5l-1 1" />
      <path d="M11.5 8.5a3.5 3.5 0 0 0-5 0l-3 3a3.5 3.5 0 0 0 5 5l1-1" />
    </svg>
  );
}
