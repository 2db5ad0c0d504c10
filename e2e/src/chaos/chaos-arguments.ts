import { parseArgs } from 'node:util';
import { together, type Damage } from './damage.js';
import { faultNames, survivableFaults } from './faults.js';
import { sqlKinds, type SqlKind } from './sql-server.js';

export const USAGE = `npm run chaos -- [options]

Starts a Parley of its own (two of each app, Redis, SQL), lets clients talk over WebSocket, TCP and HTTP while hosts mute, ban,
delete, restore, close and open, injects faults from a seeded schedule, and checks that nothing accepted was lost, shown twice
or reordered, that nothing is accepted or shown that an act forbids or hides from its number on, that history tells the same,
that everybody is counted right, and that every room stands in the same way for everybody. Exits 1 on any violation.

  --minutes 5        how long; the fault under way is finished
  --seed N           replays a schedule of faults (default: by chance; printed)
  --faults a,b,…     which faults; a+b: both at the same time; none: a soak (default: all but lose-primary, wipe-redis)
  --pairs 33         of so many draws in a hundred a second fault is had at the same time, one that can be
  --once             each fault once, in order, however long that takes
  --sql sqlite       or postgres, which must be installed here
  --ack-replicas 0   or 1: a message is acknowledged once a replica of Redis has it; lose-primary needs and implies it
  --clients 100
  --logs DIR         where to leave the logs of every process (default: nowhere, unless something is wrong)
  --help             this text

Faults: ${faultNames('postgres').join(', ')}.
lose-sql needs --sql postgres. rewind-redis and fail-over-redis may lose what was acknowledged before, announced by a new epoch;
lose-primary may not. wipe-redis loses messages, to show that this is seen.`;

export interface ChaosArguments {
  readonly help: boolean;
  readonly seed: number;
  readonly forMs: number;
  readonly once: boolean;
  readonly faults: readonly Damage[];
  readonly pairShare: number;
  readonly sql: SqlKind;
  readonly ackReplicas: 0 | 1;
  readonly clients: number;
  readonly logsDir: string | undefined;
}

/** @throws {Error} that names what is wrong with the arguments. */
export function parseChaosArguments(args: readonly string[]): ChaosArguments {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seed: { type: 'string', default: String(Math.floor(Math.random() * 1_000_000)) },
      minutes: { type: 'string', default: '5' },
      faults: { type: 'string', default: 'all' },
      pairs: { type: 'string', default: '33' },
      once: { type: 'boolean', default: false },
      sql: { type: 'string', default: 'sqlite' },
      'ack-replicas': { type: 'string', default: '0' },
      clients: { type: 'string', default: '100' },
      logs: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  const sql = sqlKinds.find((kind) => kind === values.sql);
  if (!sql) throw new Error(`--sql must be ${sqlKinds.join(' or ')}`);
  const known = faultNames(sql);
  const wanted =
    { all: survivableFaults(sql), none: [] }[values.faults] ??
    values.faults.split(',').map((name) => name.trim());
  const faultNamed = (name: string) => {
    const fault = known.find((other) => other === name);
    if (!fault) throw new Error(`there is no fault "${name}" with ${sql}; there are ${known.join(', ')}`);
    return fault;
  };
  const faults = wanted.map((names) => {
    const [first = '', ...others] = names.split('+');
    return together(faultNamed(first), ...others.map(faultNamed));
  });
  return {
    help: values.help,
    seed: numberOf('seed', values.seed, 0, Number.MAX_SAFE_INTEGER),
    forMs: numberOf('minutes', values.minutes, 0, 24 * 60) * 60_000,
    once: values.once,
    faults,
    pairShare: numberOf('pairs', values.pairs, 0, 100) / 100,
    sql,
    ackReplicas:
      faults.flat().includes('lose-primary') || numberOf('ack-replicas', values['ack-replicas'], 0, 1) > 0
        ? 1
        : 0,
    clients: numberOf('clients', values.clients, 2, 1_000),
    logsDir: values.logs,
  };
}

function numberOf(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (text.trim() === '' || !(value >= least && value <= most))
    throw new Error(`--${name} must be a number from ${least} to ${most}`);
  return value;
}
