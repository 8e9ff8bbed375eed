import { useEffect, useState } from 'react';

import { problemOf } from './problems';

/** Says what failed, and offers what docs/errors.md says can be done about it. */
export function ProblemNote({
  error,
  texts,
  onRetry,
}: {
  error: Error;
  texts?: Record<string, string>;
  onRetry: () => void;
}) {
  const { code, text, isRetryable, retryAfterS, requestId } = problemOf(error, texts);
  const wait = useCountdown(error, retryAfterS ?? 0);
  return (
    <div className="problem" role="alert" data-code={code}>
      <p>{text}</p>
      {requestId !== null && <p className="small">Tell us this number: {requestId}</p>}
      {isRetryable && (
        <button type="button" onClick={onRetry} disabled={wait > 0}>
          {wait > 0 ? `Try again in ${wait} s` : 'Try again'}
        </button>
      )}
    </div>
  );
}

/** Count down the seconds since this error; the server has said how many. */
function useCountdown(error: Error, seconds: number): number {
  const [left, setLeft] = useState(seconds);
  useEffect(() => {
    setLeft(seconds);
    if (seconds <= 0) return undefined;
    const timer = setInterval(() => setLeft((before) => Math.max(0, before - 1)), 1000);
    return () => clearInterval(timer);
  }, [error, seconds]);
  return left;
}
