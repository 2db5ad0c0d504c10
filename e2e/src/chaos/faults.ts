import { setTimeout as pause } from 'node:timers/promises';
import type { AppName } from '../stack.js';
import { pick } from './random.js';
import { setClock } from './app-clock.js';
import type { Fault } from './fault.js';
import { failOverRedis, losePrimary, rewindRedis } from './steps-back.js';
import type { SqlKind } from './sql-server.js';

/** A supervisor needs about this long to bring a process back, milliseconds. */
const RESPAWN_MS = 500;
/** The longest lease is 6 s: ten more, and the process wakes as a stale owner of everything it had. */
const PAUSE_PAST_LEASES_MS = 16_000;
const EXIT_WITHIN_MS = 15_000;

const killOne =
  (app: AppName): Fault =>
  async ({ stack, random }) => {
    const victim = pick(stack.of(app), random);
    await victim.process.kill9();
    await pause(RESPAWN_MS);
    await victim.respawn();
  };

const killAll =
  (app: AppName): Fault =>
  async ({ stack }) => {
    const victims = stack.of(app);
    await Promise.all(victims.map((victim) => victim.process.kill9()));
    await pause(RESPAWN_MS);
    await Promise.all(victims.map((victim) => victim.respawn()));
  };

const pauseOne =
  (app: AppName): Fault =>
  async ({ stack, random }) => {
    const victim = pick(stack.of(app), random);
    victim.process.pause();
    await pause(PAUSE_PAST_LEASES_MS);
    victim.process.resume();
  };

/** A deploy: every process of every app, one after the other. */
const restartEverything: Fault = async ({ stack }) => {
  for (const slot of stack.slots) {
    const { code } = await slot.process.terminate(EXIT_WITHIN_MS);
    if (code !== 0) throw new Error(`${slot.app} exited with ${code} on SIGTERM`);
    await slot.respawn();
  }
};

/** One gateway dies with two hundred sockets on top of its share of the crowd. */
const loseFullGateway: Fault = async ({ stack, crowd, random }) => {
  const victim = pick(stack.of('connect-gateway'), random);
  await crowd.bringGuests(200, { wsPort: victim.port('ws'), tcpPort: victim.port('tcp') });
  await victim.process.kill9();
  await pause(RESPAWN_MS);
  await victim.respawn();
};

/** Every connection of five hundred guests and of the crowd is lost at once. */
const reconnectStorm: Fault = async (context) => {
  await context.crowd.bringGuests(500);
  await killAll('connect-gateway')(context);
};

/**
 * Redis comes back empty, when all that was accepted is in SQL: what an operator who lost its disk has. (What SQL does not have
 * yet is lost with it: PROTOCOL.md, "Acknowledgement levels".) What was sent and is not answered yet is sent again to the
 * empty one.
 */
const emptyRedis: Fault = async ({ stack, crowd }) => {
  crowd.holdItsTongue();
  await stack.emptyRedisOnceArchived();
  crowd.startTalking();
};

/**
 * The one fault that nothing survives: Redis is emptied while SQL lacks what it had accepted. To see that the verdict can
 * be guilty.
 */
const wipeRedis: Fault = async ({ stack }) => {
  await Promise.all([stack.sql.lock(4_000), pause(3_000).then(() => stack.emptyRedis())]);
};

const HOUR_MS = 3_600_000;
/** Long enough for heartbeats, leases' renewals and position checks to meet the wrong clock, milliseconds. */
const WRONG_CLOCK_MS = 2_000;

/** Somebody sets a machine's clock: an hour forward, two back, and right again. */
const stepClock =
  (app: AppName): Fault =>
  async ({ stack, random }) => {
    const victim = pick(stack.of(app), random);
    for (const aheadMs of [HOUR_MS, -HOUR_MS, 0]) {
      setClock(victim, aheadMs);
      await pause(WRONG_CLOCK_MS);
    }
  };

/** Every fault by name. */
export const faults = {
  'kill-logic': killOne('logic'),
  'kill-worker': killOne('task-worker'),
  'kill-gateway': killOne('connect-gateway'),
  'kill-api': killOne('gateway-api'),
  'kill-web': killOne('web'),
  'kill-all-logic': killAll('logic'),
  'kill-all-workers': killAll('task-worker'),
  'kill-all-gateways': killAll('connect-gateway'),
  'kill-all-apis': killAll('gateway-api'),
  'pause-logic': pauseOne('logic'),
  'pause-worker': pauseOne('task-worker'),
  'pause-gateway': pauseOne('connect-gateway'),
  'pause-api': pauseOne('gateway-api'),
  'lose-full-gateway': loseFullGateway,
  'reconnect-storm': reconnectStorm,
  'rolling-restart': restartEverything,
  'kill-redis': async ({ stack: { site } }) => {
    await site.primary.kill();
    await pause(RESPAWN_MS);
    await site.primary.restart();
  },
  'pause-redis': async ({ stack: { site } }) => {
    site.primary.pause();
    await pause(5_000);
    site.primary.resume();
  },
  'rewind-redis': rewindRedis,
  'fail-over-redis': failOverRedis,
  'empty-redis': emptyRedis,
  'cut-redis': async ({
    stack: {
      site: { proxy },
    },
  }) => {
    await proxy.cut();
    await pause(2_000);
    await proxy.restore();
  },
  'slow-redis': async ({
    stack: {
      site: { proxy },
    },
  }) => {
    proxy.delay(100);
    await pause(5_000);
    proxy.delay(0);
  },
  'freeze-redis': async ({
    stack: {
      site: { proxy },
    },
  }) => {
    proxy.freeze();
    await pause(5_000);
    proxy.thaw();
  },
  'reset-redis': async ({
    stack: {
      site: { proxy },
    },
  }) => {
    for (let i = 0; i < 10; i++) {
      proxy.resetAfterBytes(2_000, 'toClient');
      await pause(300);
    }
  },
  'lock-sql': ({ stack }) => stack.sql.lock(10_000),
  'lose-sql': async ({ stack: { sql } }) => {
    if (!sql.lose) throw new Error(`there is no ${sql.kind} process to lose`);
    await sql.lose(10_000);
  },
  'step-clock-logic': stepClock('logic'),
  'step-clock-worker': stepClock('task-worker'),
  'step-clock-gateway': stepClock('connect-gateway'),
  'step-clock-api': stepClock('gateway-api'),
  'step-clock-web': stepClock('web'),
  'lose-primary': losePrimary,
  'wipe-redis': wipeRedis,
} as const satisfies Record<string, Fault>;

export type FaultName = keyof typeof faults;

/** What a fault lays hands on. Two that lay hands on the same would undo or forbid one another. */
const everything = [
  'logic',
  'task-worker',
  'connect-gateway',
  'gateway-api',
  'web',
  'redis',
  'network',
  'sql',
] as const;
type Part = (typeof everything)[number];
const appNamed: Readonly<Record<string, Part>> = {
  logic: 'logic',
  worker: 'task-worker',
  workers: 'task-worker',
  gateway: 'connect-gateway',
  gateways: 'connect-gateway',
  api: 'gateway-api',
  apis: 'gateway-api',
  web: 'web',
};
const partsOf: Partial<Record<FaultName, readonly Part[]>> = {
  'reconnect-storm': ['connect-gateway'],
  'rolling-restart': ['logic', 'task-worker', 'connect-gateway', 'gateway-api', 'web'],
  'kill-redis': ['redis'],
  'pause-redis': ['redis'],
  'rewind-redis': ['redis', 'network'],
  'fail-over-redis': ['redis', 'network'],
  // It waits for SQL, and does its work past the network.
  'empty-redis': ['redis', 'sql'],
  'cut-redis': ['network'],
  'slow-redis': ['network'],
  'freeze-redis': ['network'],
  'reset-redis': ['network'],
  'lock-sql': ['sql'],
  'lose-sql': ['sql'],
};

/** What a fault lays hands on: all there is, unless it is known. */
function parts(fault: FaultName): readonly Part[] {
  const app = appNamed[/[a-z]+$/.exec(fault)?.[0] ?? ''];
  return partsOf[fault] ?? (app ? [app] : everything);
}

/** Whether two faults can be had at the same time. */
export function canOverlap(one: FaultName, other: FaultName): boolean {
  return !parts(one).some((part) => parts(other).includes(part));
}

/** The faults that a run on this database can have. */
export function faultNames(sql: SqlKind): FaultName[] {
  return (Object.keys(faults) as FaultName[]).filter((name) => name !== 'lose-sql' || sql === 'postgres');
}

/** Those of them that must cost nobody anything, but what a step back is allowed to ({@link endsLines}). */
export function survivableFaults(sql: SqlKind): FaultName[] {
  return faultNames(sql).filter((name) => name !== 'wipe-redis' && name !== 'lose-primary');
}

/**
 * Faults after which a room may be in another epoch: Redis has lost something. After all others every room must be in the
 * one that it was in, however often anything was killed.
 */
export const endsLines: ReadonlySet<FaultName> = new Set<FaultName>([
  'empty-redis',
  'rewind-redis',
  'fail-over-redis',
  'lose-primary',
  'wipe-redis',
]);
