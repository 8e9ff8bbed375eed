import { createGraphiQLFetcher } from '@graphiql/toolkit';

/**
 * The page and the endpoint have one address: HTML for a browser that opens it, GraphQL for a POST.
 * The gateway has no subscriptions and no incremental delivery, so one request has one JSON answer,
 * and that answer is shown whatever its HTTP status: its errors are what the reader needs.
 */
export const fetcher = createGraphiQLFetcher({
  url: window.location.pathname,
  enableIncrementalDelivery: false,
  headers: { accept: 'application/graphql-response+json, application/json;q=0.9' },
  fetch: fetchJson,
});

/** Say what arrived where a proxy answered in the gateway's place, rather than "Unexpected token '<'". */
async function fetchJson(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
  const response = await fetch(input, init);
  const contentType = response.headers.get('content-type') ?? 'no content type';
  if (/^application\/([\w.-]+\+)?json\b/i.test(contentType)) {
    return response;
  }
  const message = `The answer is not GraphQL: HTTP ${response.status} (${contentType})`;
  return Response.json({ errors: [{ message }] });
}
