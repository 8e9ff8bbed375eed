import 'graphiql/setup-workers/vite';
import 'graphiql/style.css';
import './page.css';

import { useGraphiQLActions } from '@graphiql/react';
import { GraphiQL, HISTORY_PLUGIN } from 'graphiql';
import { useEffect } from 'react';
import { createRoot } from 'react-dom/client';

import { examples } from './examples';
import { fetcher } from './fetcher';
import { guidesPlugin } from './guides/Guides';
import { takeSharedOperation } from './share';
import { ShareButton } from './ShareButton';
import { storage } from './storage';

const root = document.getElementById('explorer');
if (root === null) {
  throw new Error('index.html has no #explorer');
}

const shared = takeSharedOperation();
if (shared !== null) {
  // GraphiQL opens what was open last; had it as a property, it would open another tab at each reload.
  storage.setItem('graphiql:query', shared.query);
  storage.setItem('graphiql:variables', shared.variables ?? '');
}
const plugins = [guidesPlugin, HISTORY_PLUGIN];

/** Select the operation that a link names, among several of its query. */
function SelectOperation({ name }: { name: string }) {
  const { setOperationName } = useGraphiQLActions();
  useEffect(() => setOperationName(name), [name, setOperationName]);
  return null;
}

createRoot(root).render(
  // Request headers carry credentials: they are never written to the browser's storage (see storage.ts).
  <GraphiQL
    fetcher={fetcher}
    storage={storage}
    plugins={plugins}
    // A first visit has the examples as its tabs; a link's operation comes first, or as one more tab.
    defaultTabs={shared === null ? examples : [shared, ...examples]}
    shouldPersistHeaders={false}
    inputValueDeprecation
    schemaDescription
  >
    <GraphiQL.Logo>Promotion gateway</GraphiQL.Logo>
    <GraphiQL.Toolbar>
      {({ prettify, merge, copy }) => (
        <>
          {prettify}
          {merge}
          {copy}
          <ShareButton />
        </>
      )}
    </GraphiQL.Toolbar>
    {shared?.operationName && <SelectOperation name={shared.operationName} />}
  </GraphiQL>,
);
