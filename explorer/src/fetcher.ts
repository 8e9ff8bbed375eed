import { createGraphiQLFetcher } from '@graphiql/toolkit';

/**
 * The page and the endpoint have one address: HTML for a browser that opens it, GraphQL for a POST.
 * One request has one JSON answer, or with @defer a multipart one, whose parts are shown as they
 * arrive. An answer is shown whatever its HTTP status: its errors are what the reader needs.
 */
export const fetcher = createGraphiQLFetcher({
  url: window.location.pathname,
  headers: { accept: 'application/graphql-response+json, application/json;q=0.9, multipart/mixed;q=0.9' },
  fetch: fetchJson,
});

/** Say what arrived where a proxy answered in the gateway's place, rather than "Unexpected token '<'". */
async function fetchJson(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
  const response = await fetch(input, init);
  const contentType = response.headers.get('content-type') ?? 'no content type';
  if (/^(application\/([\w.-]+\+)?json|multipart\/mixed)\b/i.test(contentType)) {
    return response;
  }
  const message = `The answer is not GraphQL: HTTP ${response.status} (${contentType})`;
  return Response.json({ errors: [{ message }] });
}
