import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';
import { pageHead } from './page-head.mts';

/** The oldest browsers that the site works in: what tablets and computers of schools still have. */
const browsers = ['chrome109', 'firefox115', 'safari16'];

/** The site. Runs in apps/web; everything under `assets/` has a hash in its name and never changes. */
export default defineConfig({
  root: import.meta.dirname,
  publicDir: 'public',
  plugins: [react(), pageHead()],
  build: {
    outDir: 'dist/public',
    emptyOutDir: true,
    target: browsers,
    // light-dark() and nesting are written out for those that lack them.
    cssTarget: browsers,
    sourcemap: true,
    // `data:` URLs are not allowed by the content security policy, and of inline scripts only early.js.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
});
