import { ToolbarButton, useGraphiQL } from '@graphiql/react';
import { useEffect, useState } from 'react';

import { shareLink } from './share';

const CONFIRMATION_MS = 2000;

/** Copies a link that opens the operation of this tab. */
export function ShareButton() {
  const queryEditor = useGraphiQL((state) => state.queryEditor);
  const variableEditor = useGraphiQL((state) => state.variableEditor);
  const operationName = useGraphiQL((state) => state.operationName);
  const [isCopied, setCopied] = useState(false);

  useEffect(() => {
    if (!isCopied) return undefined;
    const timer = setTimeout(() => setCopied(false), CONFIRMATION_MS);
    return () => clearTimeout(timer);
  }, [isCopied]);

  const share = async () => {
    const query = queryEditor?.getValue() ?? '';
    if (query.trim() === '') return;
    const variables = variableEditor?.getValue() ?? null;
    // GraphiQL reads a text that has just been opened a moment later: this may still be another's.
    const isCurrent = operationName !== undefined && query.includes(operationName);
    const link = shareLink({ query, variables, operationName: isCurrent ? operationName : null });
    // The address has the link, too: without https, browsers have no clipboard.
    window.history.replaceState(null, '', link);
    await navigator.clipboard?.writeText(link);
    setCopied(true);
  };

  return (
    <ToolbarButton
      label={isCopied ? 'The link is copied' : 'Copy a link to this query, without its headers'}
      onClick={() => void share()}
    >
      <ShareIcon />
    </ToolbarButton>
  );
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
