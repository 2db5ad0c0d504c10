import { describe, expect, it } from 'vitest';
import { faultNames, type FaultName } from './chaos/faults.js';
import { runChaos } from './chaos/run-chaos.js';

/** A short run of `npm run chaos`: the faults that need no long wait, each once. */
const quick: FaultName[] = [
  'kill-logic',
  'kill-gateway',
  'kill-worker',
  'kill-redis',
  'cut-redis',
  'reset-redis',
  'rolling-restart',
];

describe('chaos', () => {
  it(
    'loses, repeats and reorders nothing while processes and Redis are killed',
    { timeout: 180_000 },
    async () => {
      expect(faultNames).toEqual(expect.arrayContaining(quick));
      const report = await runChaos({
        seed: 20_261_123,
        forMs: 0,
        once: true,
        faults: quick,
        clients: 40,
        users: 8,
        rooms: 3,
        sendIntervalMs: 1_000,
        onProgress: () => undefined,
      });
      expect(report.violations).toEqual([]);
      expect(report.rows.map(({ fault }) => fault)).toEqual(quick);
      for (const row of report.rows) {
        expect(row.acked).toBeGreaterThan(0);
        // Every send was accepted in the end.
        expect([row.fault, row.refused, row.gaveUp]).toEqual([row.fault, 0, 0]);
      }
    },
  );
});
