import help from './help.md?raw';

/** One page of the documentation, in Markdown; its file is loaded when it is opened. */
export interface Guide {
  name: string;
  title: string;
  load: () => Promise<string>;
}

// The pages of docs/ that are for frontend developers, in the order of the list.
const TITLES: Record<string, string> = {
  frontend: 'From clone to a typed query',
  sandbox: 'The sandbox',
  vocabulary: 'Vocabulary',
  paging: 'Paging',
  writing: 'Writing',
  errors: 'Errors',
  authentication: 'Authentication',
  caching: 'Caching',
  cost: 'Query cost',
  defer: 'Deferred fragments',
  'persisted-operations': 'Persisted operations',
  migration: 'From the REST endpoints to the graph',
  federation: 'Federation',
  webhooks: 'Events of the platform',
  'schema-changes': 'Changes of the schema',
};

// The same names, which the bundler must find in one literal.
const files = import.meta.glob<string>(
  '../../../docs/{frontend,sandbox,vocabulary,paging,writing,errors,authentication,caching,cost,defer,persisted-operations,migration,federation,webhooks,schema-changes}.md',
  { query: '?raw', import: 'default' },
);

const documents = Object.entries(TITLES).flatMap(([name, title]): Guide[] => {
  const load = files[`../../../docs/${name}.md`];
  return load === undefined ? [] : [{ name, title, load }];
});

export const guides: Guide[] = [
  { name: 'help', title: 'Help', load: () => Promise.resolve(help) },
  ...documents,
];
