import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { eventually, spawnProcess } from '@parley/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ParleyContestant } from './bench/contestants/parley.js';
import { LoadProcess } from './bench/load/load-process.js';
import { parleyWire } from './bench/load/parley-wire.js';
import type { Run } from './bench/run-bench.js';

const root = resolve(import.meta.dirname, '../..');

/** One of each kind: what they measure here is worth nothing, that they measure is the test. */
const scenarios = ['100x200', 'ws-publish', 'joins-10000', 'idle-20000', 'gateways-8', 'backlog'];

describe('the load generator', () => {
  // It took the epoch for the number, once in 262,144 rooms, and each message of that room for lost and shown twice.
  it.each(['AbCd12345678', 'seqA12345678'])('reads the number before the epoch %s', (epoch) => {
    const frame = (seq: number) => `{"op":4,"msg":"~17~xxx","seq":${seq},"epoch":"${epoch}"}`;
    const bytes = Buffer.from(frame(41) + frame(1_042));
    const seen = { kind: 'other', index: -1, seq: 0, code: '' } as Parameters<typeof parleyWire.read>[3];
    parleyWire.read(bytes, frame(41).length, bytes.length, seen);
    expect(seen).toMatchObject({ kind: 'message', index: 17, seq: 1_042 });
    parleyWire.read(bytes, 0, frame(41).length, seen);
    expect(seen).toMatchObject({ kind: 'message', index: 17, seq: 41 });
  });
});

describe('npm run bench -- --quick', () => {
  const dir = mkdtempSync(join(tmpdir(), 'parley-bench-spec-'));
  let runs: Run[];
  let output: string;

  beforeAll(async () => {
    const json = join(dir, 'figures.json');
    const args = ['--quick', '--scenarios', scenarios.join(','), '--json', json];
    const bench = await spawnProcess({
      command: process.execPath,
      args: ['tools/run.mjs', 'e2e/src/bench/main.ts', ...args],
      cwd: root,
      name: 'bench',
    });
    const { code } = await bench.exited;
    output = bench.output();
    expect(code, output).toBe(0);
    ({ runs } = JSON.parse(readFileSync(json, 'utf8')) as { runs: Run[] });
  }, 240_000);
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  const of = (scenario: string, contestant = 'Parley') =>
    runs.find((run) => run.scenario === scenario && run.contestant === contestant)?.figures;

  it('measures Parley, Socket.IO and the floor in the same run, and tells ratios', () => {
    for (const contestant of ['Parley', 'Socket.IO', 'floor']) {
      const figures = of('100x200', contestant);
      expect(figures?.deliveriesPerSecond).toBeGreaterThan(0);
      expect(figures?.cpuPerDelivery).toBeGreaterThan(0);
      expect(figures?.delivery?.p50).toBeGreaterThan(0);
      expect(figures?.lost).toBe(0);
    }
    expect(output).toMatch(/\| 100x200 \| Socket\.IO \| \d/);
  });

  it('sends over WebSocket, and sees the backlog end', () => {
    expect(of('ws-publish')).toMatchObject({ lost: 0, duplicated: 0, disordered: 0 });
    expect(of('ws-publish')?.acceptedPerSecond).toBeGreaterThan(0);
    expect(of('backlog')).toMatchObject({ lost: 0, duplicated: 0 });
    expect(of('backlog')?.drainedPerSecond).toBeGreaterThan(0);
  });

  it('counts what joins cost a gateway and what a member weighs', () => {
    expect(of('joins-10000')?.gatewayCpuPerJoinMs).toBeGreaterThan(0);
    expect(of('joins-10000')?.lost).toBe(0);
    expect(of('idle-20000')?.rssPerMember).toBeDefined();
  });

  it('costs are told with gateways that hold nobody', () => {
    expect(of('gateways-8')?.cpuPerMessage).toBeGreaterThan(0);
  });
});

// Who was silent for a minute was sent away, and counted as a loss of what came later.
it(
  'members stay for as long as they answer heartbeats, however silent they are',
  { timeout: 60_000 },
  async () => {
    const contestant = await ParleyContestant.start({
      root,
      replicas: 1,
      env: { PARLEY_HEARTBEAT_INTERVAL_MS: '400', PARLEY_HEARTBEAT_TIMEOUT_MS: '1000' },
    });
    const load = await LoadProcess.start(root);
    try {
      const { target } = contestant;
      const rooms = await contestant.rooms(1);
      await load.run({ do: 'come', target, rooms, members: 10, atOnce: 10 });
      const metrics = contestant.stack.gateway(0).wsUrl.replace('ws:', 'http:').replace(/ws$/, 'metrics');
      const connections = async () =>
        /^parley_connections.* (\d+)$/m.exec(await (await fetch(metrics)).text())?.[1];
      const endsAt = performance.now() + 2_500;
      await eventually(async () => {
        expect(await connections()).toBe('10');
        expect(performance.now()).toBeGreaterThan(endsAt);
      });
      const heard = await load.run({
        do: 'publish',
        target,
        rooms,
        via: 'http',
        publishers: 1,
        rate: 10,
        seconds: 1,
      });
      expect(heard).toMatchObject({ lost: 0, deliveries: 100 });
    } finally {
      load.stop();
      await contestant.stop();
    }
  },
);
