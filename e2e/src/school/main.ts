import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { cpuSecondsOf } from '../processes.js';
import { Stack } from '../stack.js';
import { lesson } from './lesson.js';

const USAGE = `npm run school -- [--people 300] [--setting NAME=value …]

A school behind one address: everybody loads the site, registers, logs in, joins and talks, each at the same moment.
Starts a stack of its own, two of each app, from what is built, with the usual limits and passwords as costly as usual.
Prints how long people waited and what went wrong; exits 1 if anything did.`;

const { values } = parseArgs({
  options: {
    people: { type: 'string', default: '300' },
    setting: { type: 'string', multiple: true, default: [] },
    help: { type: 'boolean', default: false },
  },
});

/** CPU seconds that a stack has used so far; Linux. On a busy machine they say more than seconds. */
function cpuSeconds(stack: Stack): number {
  const pids = [...stack.apps.map(({ process: { pid } }) => pid), stack.redis.pid];
  return pids.reduce((sum, pid) => sum + cpuSecondsOf(pid), 0);
}

async function main(): Promise<void> {
  if (values.help) return void console.log(USAGE);
  const people = Number(values.people);
  if (!Number.isInteger(people) || people < 1) throw new Error('--people must be a whole number');
  const env = {
    // Passwords cost what they cost in a school.
    PARLEY_ARGON2_MEMORY_KIB: undefined,
    ...Object.fromEntries(values.setting.map((setting) => setting.split('=') as [string, string])),
  };
  const stack = await Stack.start({ web: true, env });
  console.log(`${people} people, ${cpus().length} x ${cpus()[0]?.model ?? '?'}, Node ${process.version}`);
  let cpuBefore = cpuSeconds(stack);
  try {
    await lesson(stack, people, ({ what, seconds, waitsMs, errors }) => {
      const second = (share: number) =>
        ((waitsMs[Math.min(people - 1, Math.floor(people * share))] ?? 0) / 1_000).toFixed(1);
      const cpu = cpuSeconds(stack) - cpuBefore;
      cpuBefore += cpu;
      const wrong = [...errors].map(([name, count]) => `${count} x ${name}`).join(', ');
      console.log(
        `${what.padEnd(34)} ${seconds.toFixed(1).padStart(5)} s; half by ${second(0.5)} s, 95 % by ${second(0.95)} s; ` +
          `${cpu.toFixed(1)} CPU-s; errors: ${wrong || 'none'}`,
      );
      if (wrong) process.exitCode = 1;
    });
  } finally {
    await stack.stop();
  }
}

await main();
