/** An operation in a URL: GET parameters of GraphQL over HTTP, so that a link is a request as well. */
export interface SharedOperation {
  query: string;
  variables: string | null;
  operationName: string | null;
}

const NAMES = ['query', 'variables', 'operationName'] as const;
// Servers and proxies refuse longer heads; what stands behind # is never sent.
const MAX_SEARCH_LENGTH = 4000;

/** Return the link that opens an operation in this page: its query, never its request headers. */
export function shareLink({ query, variables, operationName }: SharedOperation): string {
  const parameters = new URLSearchParams({ query });
  if (variables !== null && variables.trim() !== '') parameters.set('variables', variables);
  if (operationName !== null && operationName !== '') parameters.set('operationName', operationName);
  const text = parameters.toString();
  const sign = text.length > MAX_SEARCH_LENGTH ? '#' : '?';
  return `${window.location.origin}${window.location.pathname}${sign}${text}`;
}

/** Return the operation that the page's address has, and take it out of the address: it is read once. */
export function takeSharedOperation(): SharedOperation | null {
  const { search, hash } = window.location;
  const parameters = [search, hash]
    .map((text) => new URLSearchParams(text.slice(1)))
    .find((found) => found.has('query'));
  const query = parameters?.get('query');
  if (parameters === undefined || !query) return null;
  const rest = new URLSearchParams(search);
  NAMES.forEach((name) => rest.delete(name));
  const remaining = rest.size === 0 ? '' : `?${rest.toString()}`;
  window.history.replaceState(null, '', window.location.pathname + remaining);
  return {
    query,
    variables: parameters.get('variables'),
    operationName: parameters.get('operationName'),
  };
}
