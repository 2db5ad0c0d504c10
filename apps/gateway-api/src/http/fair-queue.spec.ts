import { expect, it } from 'vitest';
import { FairQueue } from './fair-queue.js';

/** Two at once, three waiting for each caller, five in all, a second at most. */
function setUp() {
  let nowMs = 0;
  const bounds = { atOnce: 2, waitingPerCaller: 3, waiting: 5, waitMs: 1_000 };
  const queue = new FairQueue(bounds, () => nowMs);
  const running: { name: string; end: () => void; fail: (error: Error) => void }[] = [];
  const refused: string[] = [];
  const add = (name: string, isWanted?: () => boolean) => {
    const job = () => new Promise<void>((end, fail) => running.push({ name, end, fail }));
    queue.run(name.slice(0, 1), job, isWanted).catch((error: { code?: string }) => {
      refused.push(`${name} ${error.code}`);
    });
  };
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  const end = async () => {
    running.shift()?.end();
    await settle();
  };
  const names = () => running.map(({ name }) => name).join(' ');
  return { queue, add, end, settle, names, running, refused, wait: (ms: number) => (nowMs += ms) };
}

it('lets callers take turns, each in the order of its own', async () => {
  const { queue, add, end, names } = setUp();
  for (const name of ['a1', 'a2', 'a3', 'a4', 'a5', 'b1', 'c1']) add(name);
  expect(names()).toBe('a1 a2');
  await end();
  expect(names()).toBe('a2 a3');
  await end();
  expect(names()).toBe('a3 b1');
  await end();
  await end();
  expect(names()).toBe('c1 a4');
  await end();
  await end();
  expect(names()).toBe('a5');
  await end();
  expect([names(), queue.callers]).toEqual(['', 0]);
});

it('refuses the fourth that would wait for one caller, and the sixth of all', async () => {
  const { add, end, settle, refused } = setUp();
  for (const name of ['a1', 'a2', 'a3', 'a4', 'a5', 'a6', 'b1', 'b2', 'b3']) add(name);
  await settle();
  expect(refused).toEqual(['a6 OVERLOADED', 'b3 OVERLOADED']);
  await end();
  add('b4');
  await settle();
  expect(refused).toHaveLength(2);
});

it('passes over those who have gone, and those who have waited too long', async () => {
  const { add, end, names, refused, wait } = setUp();
  let isHere = true;
  for (const name of ['a1', 'a2']) add(name);
  add('a3', () => isHere);
  add('a4');
  isHere = false;
  await end();
  expect([names(), refused]).toEqual(['a2 a4', ['a3 OVERLOADED']]);
  add('b1');
  wait(1_000);
  add('b2');
  await end();
  add('c1');
  wait(1_001);
  await end();
  expect([names(), refused.slice(1)]).toEqual(['b1', ['b2 OVERLOADED', 'c1 OVERLOADED']]);
});

it('gives the place of a job that fails to the next', async () => {
  const { add, settle, names, running } = setUp();
  for (const name of ['a1', 'a2', 'a3']) add(name);
  running.shift()?.fail(new Error('away'));
  await settle();
  expect(names()).toBe('a2 a3');
});
