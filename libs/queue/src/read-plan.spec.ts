import { expect, it } from 'vitest';
import { MAX_ENTRY_BYTES, MAX_READ_BYTES, ReadPlan } from './read-plan.js';

const shards = (count: number) => Array.from({ length: count }, (_, i) => i);

it.each([
  [1, 256, 256],
  [2, 256, 256],
  [3, 256, 170],
  [32, 256, 16],
  [32, 10, 10],
  [512, 256, 1],
  [1_024, 256, 1],
])(
  'of %i shards and a batch of %i asks for %i entries each: never more than 16 MiB',
  (count, batch, each) => {
    const plan = new ReadPlan(batch).next(shards(count));
    expect(plan).toEqual({ shards: shards(count), count: each, isPart: false });
    if (each > 1) expect(count * each * MAX_ENTRY_BYTES).toBeLessThanOrEqual(MAX_READ_BYTES);
  },
);

it('reads the shards that had more once more, in larger parts, and then all again', () => {
  const plan = new ReadPlan(500);
  const all = plan.next(shards(32));
  expect(
    plan.note(
      new Map([
        [3, 16],
        [4, 15],
      ]),
      all,
    ),
  ).toBe(true);
  const part = plan.next(shards(32));
  expect(part).toEqual({ shards: [3], count: 500, isPart: true });
  expect(plan.note(new Map([[3, 500]]), part)).toBe(true);
  expect(plan.next(shards(32))).toEqual(all);
  expect(plan.note(new Map(), all)).toBe(false);
  expect(plan.next(shards(32))).toEqual(all);
});
