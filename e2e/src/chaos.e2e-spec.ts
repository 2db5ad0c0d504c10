import { missingPostgres, spawnProcess } from '@parley/testing';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseChaosArguments } from './chaos/chaos-arguments.js';
import { survivableFaults, type FaultName } from './chaos/faults.js';
import { reportTable } from './chaos/report-table.js';
import { runChaos, type ChaosReport } from './chaos/run-chaos.js';
import type { SqlKind } from './chaos/sql-server.js';

/** A short run of `npm run chaos`: each fault once. */
describe('chaos', { timeout: 480_000 }, () => {
  const run = (faults: readonly FaultName[], sql: SqlKind, ackReplicas: 0 | 1 = 0): Promise<ChaosReport> =>
    runChaos({
      ackReplicas,
      seed: 20_261_123,
      forMs: 0,
      once: true,
      faults,
      sql,
      clients: 40,
      users: 8,
      rooms: 3,
      sendIntervalMs: 1_000,
      onProgress: () => undefined,
    });

  function expectNothingLost(report: ChaosReport, faults: readonly FaultName[]): void {
    const table = reportTable(report);
    expect(report.failure, table).toBeUndefined();
    expect(report.violations, table).toEqual([]);
    expect(report.rows.map(({ fault }) => fault)).toEqual(faults);
    for (const { fault, acked, refused, gaveUp, failedPages, presenceMs } of report.rows) {
      expect(acked, fault).toBeGreaterThan(0);
      // Every send was accepted in the end, and the site was there all the time.
      expect({ refused, gaveUp, failedPages }, fault).toEqual({ refused: 0, gaveUp: 0, failedPages: 0 });
      expect(presenceMs, fault).toBeLessThan(10_000);
    }
  }

  it('loses, repeats, reorders and invents nothing, whatever is killed, paused, cut or emptied', async () => {
    const faults = survivableFaults('sqlite');
    expectNothingLost(await run(faults, 'sqlite'), faults);
  });

  // Every send of the last seconds was acknowledged, and gone with the primary that alone had it.
  it('loses nothing acknowledged with its primary, when a replica must have it first', async () => {
    expectNothingLost(await run(['lose-primary'], 'sqlite', 1), ['lose-primary']);
  });

  const missing = missingPostgres();
  it.skipIf(missing !== undefined)(
    `goes on chatting without its database, and archives everything afterwards${missing ? ` (skipped: ${missing})` : ''}`,
    async () => {
      const faults: FaultName[] = ['lose-sql', 'lock-sql'];
      const report = await run(faults, 'postgres');
      expectNothingLost(report, faults);
      // Nobody waited for SQL: nothing that anybody noticed, against ten seconds without it.
      for (const { fault, lastedMs, longestGapMs } of report.rows)
        expect(longestGapMs, fault).toBeLessThan(lastedMs / 3);
    },
  );

  it('says what was lost, how to replay it, and exits 1 when Redis forgets what SQL does not have', async () => {
    const root = resolve(import.meta.dirname, '../..');
    const chaos = await spawnProcess({
      command: process.execPath,
      args: [
        ...['tools/run.mjs', 'e2e/src/chaos/main.ts'],
        ...['--once', '--faults', 'wipe-redis', '--seed', '7', '--clients', '6'],
      ],
      cwd: root,
      name: 'chaos',
    });
    expect(await chaos.exited, chaos.output()).toMatchObject({ code: 1 });
    expect(chaos.output()).toMatch(/^seed 7, each fault once, 6 clients on sqlite/);
    expect(chaos.output()).toMatch(/"kind":"lost".*acked, never came/);
    expect(chaos.output()).toContain(
      'replay: npm run chaos -- --seed 7 --once --clients 6 --sql sqlite --ack-replicas 0',
    );
    expect(chaos.output()).toMatch(/logs of every process: /);
  });

  it.each([
    [['--minutes', 'x'], '--minutes must be a number from 0 to 1440'],
    [['--seed', ''], '--seed must be a number'],
    [['--sql', 'oracle'], '--sql must be sqlite or postgres'],
    [['--faults', 'kill-cat'], 'there is no fault "kill-cat" with sqlite; there are kill-logic,'],
    [['--faults', 'lose-sql'], 'there is no fault "lose-sql" with sqlite'],
    [['--nonsense'], "Unknown option '--nonsense'"],
  ])('refuses the arguments %j by name', (args, problem) => {
    expect(() => parseChaosArguments(args)).toThrow(problem);
  });
});
