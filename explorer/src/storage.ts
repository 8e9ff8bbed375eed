const PREFIX = 'promotion-gateway:';
const HISTORY = /:(queries|favorites)$/;

const ownKeys = (): string[] => Object.keys(localStorage).filter((key) => key.startsWith(PREFIX));

/** GraphiQL's history keeps the request headers of every query, credentials and all: leave them out. */
const withoutHeaders = (history: string): string =>
  JSON.stringify(
    JSON.parse(history, (name, value: unknown) => (name === 'headers' ? undefined : value)),
  );

/**
 * localStorage below a prefix of our own. GraphiQL's keys are the same in every GraphiQL, and
 * localhost:8000 is a popular address: another project's tabs would hide the examples.
 */
export const storage = {
  getItem: (key: string): string | null => localStorage.getItem(PREFIX + key),
  setItem: (key: string, value: string): void =>
    localStorage.setItem(PREFIX + key, HISTORY.test(key) ? withoutHeaders(value) : value),
  removeItem: (key: string): void => localStorage.removeItem(PREFIX + key),
  clear: (): void => ownKeys().forEach((key) => localStorage.removeItem(key)),
  get length(): number {
    return ownKeys().length;
  },
};
