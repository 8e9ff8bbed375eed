import 'graphiql/setup-workers/vite';
import 'graphiql/style.css';
import './page.css';

import { GraphiQL } from 'graphiql';
import { createRoot } from 'react-dom/client';

import { examples } from './examples';
import { fetcher } from './fetcher';
import { storage } from './storage';

const root = document.getElementById('explorer');
if (root === null) {
  throw new Error('index.html has no #explorer');
}

createRoot(root).render(
  // Request headers carry credentials: they are never written to the browser's storage (see storage.ts).
  <GraphiQL
    fetcher={fetcher}
    storage={storage}
    defaultTabs={examples}
    shouldPersistHeaders={false}
    inputValueDeprecation
    schemaDescription
  >
    <GraphiQL.Logo>Promotion gateway</GraphiQL.Logo>
  </GraphiQL>,
);
