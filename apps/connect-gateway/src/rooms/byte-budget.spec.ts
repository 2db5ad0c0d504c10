import { expect, it } from 'vitest';
import { ByteBudget } from './byte-budget.js';

const MIB = 1024 * 1024;
const SMALL = MIB / 64;

/** Whether somebody who holds so much has to wait. */
async function waits(budget: ByteBudget, held: number): Promise<boolean> {
  let isFree = false;
  void budget.whenFree(() => held).then(() => (isFree = true));
  await new Promise((resolve) => setImmediate(resolve));
  return !isFree;
}

it('lets everybody add up to the bound', async () => {
  const budget = new ByteBudget(MIB);
  budget.add(MIB);
  expect(await waits(budget, MIB)).toBe(false);
});

// One large room that was slow to be written to kept the worker's call waiting, and with it every other room.
it('keeps those waiting who hold much, and others only when there is twice as much', async () => {
  const budget = new ByteBudget(MIB);
  budget.add(MIB + 1);
  expect(await waits(budget, SMALL)).toBe(false);
  expect(await waits(budget, SMALL + 1)).toBe(true);
  budget.add(MIB - 1);
  expect(await waits(budget, SMALL)).toBe(false);
  budget.add(1);
  expect(await waits(budget, 0)).toBe(true);
});

it('lets go on whoever waits when there is less in all, or of his own', async () => {
  const budget = new ByteBudget(MIB);
  let held = SMALL + 1;
  budget.add(MIB + SMALL);
  const freed: string[] = [];
  void budget.whenFree(() => held).then(() => freed.push('small'));
  void budget.whenFree(() => MIB).then(() => freed.push('large'));
  held = SMALL;
  budget.release(1);
  await new Promise((resolve) => setImmediate(resolve));
  expect(freed).toEqual(['small']);
  budget.release(SMALL - 1);
  await new Promise((resolve) => setImmediate(resolve));
  expect(freed).toEqual(['small', 'large']);
});
