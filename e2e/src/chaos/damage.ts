import type { FaultContext } from './fault.js';
import { canOverlap, endsLines, faults, type FaultName } from './faults.js';
import { pick } from './random.js';
import { setTimeout as pause } from 'node:timers/promises';

/** One fault, or several at the same time. */
export type Damage = readonly [FaultName, ...FaultName[]];

/** The later ones of several begin within this time after the first, milliseconds: while it lasts, and while it is being repaired. */
const BEGINS_WITHIN_MS = 1_500;

/** As it is named in tables and arguments: `kill-worker+lock-sql`. */
export const nameOf = (damage: Damage): string => damage.join('+');

/** @throws {Error} when two of them lay hands on the same thing. */
export function together(...names: Damage): Damage {
  for (const [i, one] of names.entries())
    for (const other of names.slice(i + 1))
      if (!canOverlap(one, other)) throw new Error(`${one} and ${other} cannot be had at the same time`);
  return names;
}

/**
 * Draws what happens next.
 *
 * @param pairShare - How many of the draws get a second fault that can be had at the same time, 0 to 1.
 */
export function drawDamage(among: readonly Damage[], pairShare: number, random: () => number): Damage {
  const first = pick(among, random);
  if (random() >= pairShare) return first;
  const others = among.filter((other) => first.every((one) => other.every((name) => canOverlap(one, name))));
  return others.length > 0 ? [...first, ...pick(others, random)] : first;
}

/** Whether a room may be in another epoch afterwards. */
export const mayEndLines = (damage: Damage): boolean => damage.some((name) => endsLines.has(name));

/** Does all of it; resolves when all is repaired. */
export async function inflict(damage: Damage, context: FaultContext): Promise<void> {
  const delays = damage.map((_name, i) => (i === 0 ? 0 : context.random() * BEGINS_WITHIN_MS));
  const outcomes = await Promise.allSettled(
    damage.map((name, i) => pause(delays[i]).then(() => faults[name](context))),
  );
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
}
