import { CombinedGraphQLErrors, ServerError } from '@apollo/client/errors';

/** What a screen says of a failure, and whether it offers to try again. */
export interface Problem {
  code: string;
  text: string;
  isRetryable: boolean;
  retryAfterS: number | null;
  requestId: string | null;
}

// By the table of docs/errors.md: what a customer can do about it. Messages are for developers.
const TEXTS: Record<string, string> = {
  UNAUTHENTICATED: 'You have been signed out. Sign in again.',
  FORBIDDEN: 'This wallet belongs to somebody else.',
  BAD_USER_INPUT: 'That cannot be looked up.',
  LIST_TOO_LONG: 'There are too many promotions here to search. Choose a tab with fewer.',
  CURSOR_INVALID: 'The list has changed. Start again at its top.',
  RATE_LIMITED: 'That was a bit fast.',
  OVERLOADED: 'Many people are here right now.',
  UPSTREAM_RATE_LIMITED: 'Many people are here right now.',
  UPSTREAM_TIMEOUT: 'Your promotions take longer than usual.',
  UPSTREAM_UNAVAILABLE: 'Your promotions cannot be reached at the moment.',
  UPSTREAM_GONE: 'This is not shown any more.',
};
/** What of it is said otherwise after the press of a button. */
export const ACTION_TEXTS: Record<string, string> = {
  FORBIDDEN: 'That is not possible here.',
  BAD_USER_INPUT: 'That is not possible.',
  RATE_LIMITED: 'That was a bit fast. Nothing has changed.',
  OVERLOADED: 'Many people are here right now. Nothing has changed.',
  UPSTREAM_RATE_LIMITED: 'Many people are here right now. Nothing has changed.',
  UPSTREAM_TIMEOUT: 'That takes longer than usual. Nothing has changed.',
  UPSTREAM_UNAVAILABLE: 'That is not available just now. Nothing has changed.',
  UPSTREAM_GONE: 'That is not possible any more.',
  // The request may have arrived; its key makes sure that it is done once.
  NO_CONNECTION: 'There is no connection, so it may or may not have worked. Trying again is safe.',
};
const NO_CONNECTION = 'There is no connection. Check yours, and try again.';

/** Return the problem of a failed operation, in other words for some codes. */
export function problemOf(error: Error, texts: Record<string, string> = {}): Problem {
  const extensions = firstExtensions(error);
  if (extensions === undefined) {
    return {
      code: 'NO_CONNECTION',
      text: texts.NO_CONNECTION ?? NO_CONNECTION,
      isRetryable: true,
      retryAfterS: null,
      requestId: null,
    };
  }
  const { code, retryable, retryAfterS, requestId } = extensions;
  return {
    code: String(code),
    text: texts[String(code)] ?? TEXTS[String(code)] ?? 'Something went wrong.',
    isRetryable: retryable === true,
    retryAfterS: typeof retryAfterS === 'number' ? retryAfterS : null,
    requestId: typeof requestId === 'string' ? requestId : null,
  };
}

function firstExtensions(error: Error): Record<string, unknown> | undefined {
  if (CombinedGraphQLErrors.is(error)) return error.errors[0]?.extensions;
  if (ServerError.is(error)) {
    try {
      // 401, 429 and 503 have their errors in the body as well.
      return JSON.parse(error.bodyText).errors[0].extensions;
    } catch {
      return undefined;
    }
  }
  return undefined;
}
