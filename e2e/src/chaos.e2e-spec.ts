import { missingPostgres, spawnProcess } from '@parley/testing';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseChaosArguments } from './chaos/chaos-arguments.js';
import { drawDamage, nameOf, together, type Damage } from './chaos/damage.js';
import { canOverlap, survivableFaults } from './chaos/faults.js';
import { seededRandom } from './chaos/random.js';
import { isBroken, keepLogs } from './chaos/keep-logs.js';
import { reportTable, verdict } from './chaos/report-table.js';
import { runChaos, type ChaosReport } from './chaos/run-chaos.js';
import type { SqlKind } from './chaos/sql-server.js';

/**
 * Every fault that a run on SQLite must survive, once: most of them beside others, as troubles come. Those that do nothing but last
 * share the time.
 */
const eachOnce: readonly Damage[] = [
  together('lock-sql', 'kill-worker', 'kill-web'),
  together('pause-gateway', 'empty-redis'),
  together('pause-logic', 'pause-worker', 'pause-api', 'kill-gateway'),
  together('step-clock-logic', 'step-clock-worker', 'step-clock-gateway', 'step-clock-api', 'step-clock-web'),
  together('slow-redis', 'kill-logic'),
  together('freeze-redis', 'kill-api'),
  together('pause-redis', 'kill-all-workers'),
  ['kill-redis'],
  ['kill-all-apis'],
  ['cut-redis'],
  ['kill-all-logic'],
  ['reset-redis'],
  ['kill-all-gateways'],
  ['rewind-redis'],
  ['fail-over-redis'],
  ['lose-full-gateway'],
  ['reconnect-storm'],
  ['rolling-restart'],
];

/**
 * A run that takes longer hangs, milliseconds: what it waits for inside has limits of its own. Ten seconds a fault on a machine
 * that has nothing else to do, up to thirty beside other work.
 */
const HANGS_AFTER_MS = eachOnce.length * 60_000;

/** A short run of `npm run chaos`: each fault once. */
describe('chaos', { timeout: HANGS_AFTER_MS }, () => {
  const run = (faults: readonly Damage[], sql: SqlKind, ackReplicas: 0 | 1 = 0): Promise<ChaosReport> =>
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

  function expectNothingLost(report: ChaosReport, faults: readonly Damage[]): void {
    // The first line is what a summary of many tests shows.
    const table = isBroken(report)
      ? `${verdict(report)}\n${reportTable(report)}\nlogs of every process: ${keepLogs(report)}`
      : reportTable(report);
    expect(report.failure, table).toBeUndefined();
    expect(report.violations, table).toEqual([]);
    expect(report.rows.map(({ fault }) => fault)).toEqual(faults.map(nameOf));
    for (const { fault, acked, refused, gaveUp, failedPages, presenceMs } of report.rows) {
      expect(acked, fault).toBeGreaterThan(0);
      // Every send was accepted in the end, and the site was there all the time.
      expect({ refused, gaveUp, failedPages }, fault).toEqual({ refused: 0, gaveUp: 0, failedPages: 0 });
      expect(presenceMs, fault).toBeLessThan(10_000);
    }
    // The hosts were at work.
    expect(report.rows.reduce((sum, { acts }) => sum + acts, 0)).toBeGreaterThan(faults.length);
  }

  it('loses, repeats, reorders and invents nothing, whatever is killed, paused, cut or emptied', async () => {
    expect(eachOnce.flat().sort()).toEqual(survivableFaults('sqlite').sort());
    expectNothingLost(await run(eachOnce, 'sqlite'), eachOnce);
  });

  // Every send of the last seconds was acknowledged, and gone with the primary that alone had it.
  it('loses nothing acknowledged with its primary, when a replica must have it first', async () => {
    expectNothingLost(await run([['lose-primary']], 'sqlite', 1), [['lose-primary']]);
  });

  const missing = missingPostgres();
  it.skipIf(missing !== undefined)(
    `goes on chatting without its database, and archives everything afterwards${missing ? ` (skipped: ${missing})` : ''}`,
    async () => {
      const faults = [together('lose-sql', 'kill-worker'), together('lock-sql')];
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
    // If it hangs, with what it said until then.
    await chaos.waitForLine(/^logs of every process/, 240_000);
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
    [['--faults', 'kill-logic+kill-cat'], 'there is no fault "kill-cat" with sqlite'],
    [['--faults', 'kill-api+kill-all-apis'], 'kill-api and kill-all-apis cannot be had at the same time'],
    [['--faults', 'wipe-redis+kill-web'], 'wipe-redis and kill-web cannot be had at the same time'],
    [['--pairs', '101'], '--pairs must be a number from 0 to 100'],
    [['--nonsense'], "Unknown option '--nonsense'"],
  ])('refuses the arguments %j by name', (args, problem) => {
    expect(() => parseChaosArguments(args)).toThrow(problem);
  });

  it('draws a second fault for as many as it is told, never one that lays hands on the same, and the same again by the seed', () => {
    const among = survivableFaults('sqlite').map((name): Damage => [name]);
    const drawn = (pairShare: number) => {
      const random = seededRandom(7);
      return Array.from({ length: 2_000 }, () => drawDamage(among, pairShare, random));
    };
    expect(drawn(0).every((damage) => damage.length === 1)).toBe(true);
    const some = drawn(0.33).filter((damage) => damage.length === 2);
    expect(some.length).toBeGreaterThan(2_000 * 0.28);
    expect(some.length).toBeLessThan(2_000 * 0.38);
    const all = drawn(1);
    for (const [one, other] of all) expect(other === undefined || canOverlap(one, other)).toBe(true);
    expect(new Set(all.flat())).toEqual(new Set(among.flat()));
    expect(all).toEqual(drawn(1));
    expect(parseChaosArguments([]).pairShare).toBe(0.33);
    expect(parseChaosArguments(['--faults', 'kill-worker+lock-sql']).faults).toEqual([
      ['kill-worker', 'lock-sql'],
    ]);
  });
});
