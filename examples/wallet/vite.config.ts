import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

const { env } = process;
const proxy = {
  // The browser sees one origin, so that no CORS is needed.
  '/graphql': env.GATEWAY_URL ?? 'http://127.0.0.1:8000',
};

export default defineConfig({
  plugins: [react()],
  server: { proxy },
  preview: { proxy },
});
