import './lib/node-version.mjs';

// Loaded only now: an old Node.js must get as far as the sentence that says so.
const { main } = await import('./lib/main.mjs');
const { ci } = await import('./ci/ci.mjs');
await main(ci);
