import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

export default defineConfig({
  plugins: [react()],
  base: './',
  build: {
    outDir: '../gateway/server/explorer_assets',
    emptyOutDir: true,
    target: 'es2022',
    // Monaco alone is larger than what Vite warns about.
    chunkSizeWarningLimit: 4096,
    modulePreload: { polyfill: false },
    license: { fileName: 'licenses.md' },
    rolldownOptions: {
      // GraphiQL makes its icons' titles from the names of its functions.
      output: { keepNames: true },
      onLog(level, log, report) {
        // "use no memo" speaks to a compiler that these libraries have already been through.
        if (log.code !== 'MODULE_LEVEL_DIRECTIVE') report(level, log);
      },
    },
  },
  worker: { format: 'es' },
  experimental: {
    // The server returns index.html at <prefix>/graphql and everything else below <prefix>/explorer/,
    // whatever the prefix. Scripts and styles find one another relative to themselves.
    renderBuiltUrl: (filename, { hostType }) =>
      hostType === 'html' ? `./explorer/${filename}` : { relative: true },
  },
});
