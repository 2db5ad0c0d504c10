import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/** The site. Runs in apps/web; everything under `assets/` has a hash in its name and never changes. */
export default defineConfig({
  root: import.meta.dirname,
  publicDir: 'public',
  plugins: [react()],
  build: {
    outDir: 'dist/public',
    emptyOutDir: true,
    target: 'es2022',
    // light-dark() is used as it is.
    cssTarget: ['chrome123', 'firefox120', 'safari17.5'],
    sourcemap: true,
    // `data:` URLs and inline scripts are not allowed by the content security policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
});
