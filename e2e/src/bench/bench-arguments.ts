import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { scenarios } from './scenarios/index.js';
import type { Scenario } from './scenarios/scenario.js';

export const USAGE = `npm run bench -- [options]

Starts a Parley of its own from what is built, Socket.IO with its Redis adapter and a floor (one process that writes prepared frames),
and measures them in turn, in the same run. Prints a table; ratios say more than figures of one machine.

  --scenarios a,b   which (default: all); rooms-* means all that begin so
  --runs 3          of each; medians are printed
  --seconds 8       of one measurement
  --replicas 1      processes of each of Parley's apps
  --baselines no    Parley alone
  --beside DIR      another checkout of Parley whose apps are built: before and after a change in one run
  --quick           a smoke run: one short run of each scenario with a twentieth of everybody
  --json FILE       all figures of all runs
  --write           docs/benchmarks.md and its pictures anew
  --help            this text

Scenarios:
${scenarios.map(({ name, what }) => `  ${name.padEnd(16)}${what}`).join('\n')}`;

export interface BenchArguments {
  readonly help: boolean;
  readonly scenarios: readonly Scenario[];
  readonly runs: number;
  readonly seconds: number;
  readonly replicas: number;
  readonly baselines: boolean;
  readonly beside: string | undefined;
  readonly shrink: number;
  readonly json: string | undefined;
  readonly write: boolean;
}

const QUICK_SHRINK = 20;

/** @throws {Error} that names what is wrong with the arguments. */
export function parseBenchArguments(args: readonly string[]): BenchArguments {
  const { values } = parseArgs({
    args: [...args],
    options: {
      scenarios: { type: 'string' },
      runs: { type: 'string' },
      seconds: { type: 'string' },
      replicas: { type: 'string', default: '1' },
      baselines: { type: 'string', default: 'yes' },
      beside: { type: 'string' },
      quick: { type: 'boolean', default: false },
      json: { type: 'string' },
      write: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (!['yes', 'no'].includes(values.baselines)) throw new Error('--baselines must be yes or no');
  return {
    help: values.help,
    scenarios: values.scenarios === undefined ? scenarios : values.scenarios.split(',').flatMap(named),
    runs: positive('runs', values.runs ?? (values.quick ? '1' : '3')),
    seconds: positive('seconds', values.seconds ?? (values.quick ? '1' : '8')),
    replicas: positive('replicas', values.replicas),
    baselines: values.baselines === 'yes',
    beside: values.beside === undefined ? undefined : resolve(values.beside),
    shrink: values.quick ? QUICK_SHRINK : 1,
    json: values.json,
    write: values.write,
  };
}

function named(name: string): readonly Scenario[] {
  const prefix = name.endsWith('*') ? name.slice(0, -1) : undefined;
  const found = scenarios.filter((scenario) =>
    prefix === undefined ? scenario.name === name : scenario.name.startsWith(prefix),
  );
  if (found.length === 0)
    throw new Error(
      `there is no scenario "${name}"; there are ${scenarios.map((one) => one.name).join(', ')}`,
    );
  return found;
}

function positive(option: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new Error(`--${option} must be a whole number from 1 on`);
  return value;
}
