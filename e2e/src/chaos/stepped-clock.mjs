/**
 * Loaded into an app before everything else: its wall clock is ahead of the machine's by what a file says, read at the start
 * and on SIGUSR2. `performance.now()` and timers stay what they are: they follow the monotonic clock, which nobody can set.
 */
import { readFileSync } from 'node:fs';

const file = process.env['CHAOS_CLOCK_FILE'];
const TrueDate = Date;
let aheadMs = 0;

const read = () => {
  aheadMs = file === undefined ? 0 : Number(readFileSync(file, 'utf8'));
};
const now = () => TrueDate.now() + aheadMs;

globalThis.Date = new Proxy(TrueDate, {
  construct: (target, args, newTarget) =>
    Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget),
  apply: () => new TrueDate(now()).toString(),
  get: (target, property, receiver) => (property === 'now' ? now : Reflect.get(target, property, receiver)),
});

read();
process.on('SIGUSR2', read);
