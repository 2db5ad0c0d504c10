import type { TcpProxy } from '@parley/testing';
import { setTimeout as pause } from 'node:timers/promises';
import { pick } from './random.js';
import type { ChaosStack, ReplicatedApp } from './chaos-stack.js';

export interface FaultContext {
  readonly stack: ChaosStack;
  readonly proxy: TcpProxy;
  readonly random: () => number;
}

/** Does the damage and repairs what does not repair itself; resolves when it is done. */
export type Fault = (context: FaultContext) => Promise<void>;

/** A supervisor needs about this long to bring a process back, milliseconds. */
const RESPAWN_MS = 500;

const killOne =
  (app: ReplicatedApp | 'gateway-api'): Fault =>
  async ({ stack, random }) => {
    const victim = pick(stack.processesOf(app), random);
    await victim.process.kill9();
    await pause(RESPAWN_MS);
    await stack.respawn(victim);
  };

const killAll =
  (app: ReplicatedApp): Fault =>
  async ({ stack }) => {
    const victims = stack.processesOf(app);
    await Promise.all(victims.map((victim) => victim.process.kill9()));
    await pause(RESPAWN_MS);
    await Promise.all(victims.map((victim) => stack.respawn(victim)));
  };

/** Longer than every lease: the process wakes as a stale owner. */
const PAUSE_PAST_LEASES_MS = 10_000;

const pauseOne =
  (app: ReplicatedApp): Fault =>
  async ({ stack, random }) => {
    const victim = pick(stack.processesOf(app), random);
    victim.process.pause();
    await pause(PAUSE_PAST_LEASES_MS);
    victim.process.resume();
  };

const restartAll: Fault = async ({ stack }) => {
  for (const app of ['logic', 'task-worker', 'connect-gateway', 'gateway-api'] as const) {
    for (const victim of stack.processesOf(app)) {
      const { code } = await victim.process.terminate(15_000);
      if (code !== 0) throw new Error(`${app} exited with ${code} on SIGTERM`);
      await stack.respawn(victim);
    }
  }
};

/** Every fault by name. */
export const faults = {
  'kill-logic': killOne('logic'),
  'kill-all-logic': killAll('logic'),
  'kill-worker': killOne('task-worker'),
  'kill-all-workers': killAll('task-worker'),
  'kill-gateway': killOne('connect-gateway'),
  'kill-all-gateways': killAll('connect-gateway'),
  'kill-api': killOne('gateway-api'),
  'kill-redis': async ({ stack }) => {
    await stack.redis.kill();
    await pause(RESPAWN_MS);
    await stack.redis.restart();
  },
  'pause-redis': async ({ stack }) => {
    stack.redis.pause();
    await pause(5_000);
    stack.redis.resume();
  },
  'pause-logic': pauseOne('logic'),
  'pause-worker': pauseOne('task-worker'),
  'pause-gateway': pauseOne('connect-gateway'),
  'cut-redis': async ({ proxy }) => {
    await proxy.cut();
    await pause(2_000);
    await proxy.restore();
  },
  'slow-redis': async ({ proxy }) => {
    proxy.delay(100);
    await pause(5_000);
    proxy.delay(0);
  },
  'freeze-redis': async ({ proxy }) => {
    proxy.freeze();
    await pause(5_000);
    proxy.thaw();
  },
  'reset-redis': async ({ proxy }) => {
    for (let i = 0; i < 10; i++) {
      proxy.resetAfterBytes(2_000, 'toClient');
      await pause(300);
    }
  },
  'lock-sql': ({ stack }) => stack.withLockedDatabase(10_000),
  'rolling-restart': restartAll,
} as const satisfies Record<string, Fault>;

export type FaultName = keyof typeof faults;
export const faultNames = Object.keys(faults) as FaultName[];
