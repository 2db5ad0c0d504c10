import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Slot } from './slot.js';

const root = process.env['PARLEY_ROOT'] ?? resolve(import.meta.dirname, '../../..');
const preload = join(root, 'e2e/src/chaos/stepped-clock.mjs');

/** Environment of a process whose wall clock can be set; its monotonic one cannot, as on a real machine. */
export function clockEnv(dir: string, name: string): Record<string, string> {
  const file = join(dir, `clock-${name}`);
  writeFileSync(file, '0');
  return { NODE_OPTIONS: `--import=${preload}`, CHAOS_CLOCK_FILE: file };
}

/** Sets the wall clock of the process in a slot, and of its successors, to so much ahead of the true time. */
export function setClock(slot: Slot, aheadMs: number): void {
  const file = slot.env['CHAOS_CLOCK_FILE'];
  if (file === undefined) throw new Error(`${slot.app} has the machine's clock`);
  writeFileSync(file, String(aheadMs));
  process.kill(slot.process.pid, 'SIGUSR2');
}
