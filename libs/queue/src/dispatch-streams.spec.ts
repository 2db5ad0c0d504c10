import { RedisKeys, type RedisConnection } from '@parley/redis';
import { describe, expect, it } from 'vitest';
import { DispatchStreams } from './dispatch-streams.js';

/** A group in which these consumers have so many entries pending; what a survey says may be older than what is there. */
function setUp(said: readonly [name: string, count: number][], there: Record<string, number> = {}) {
  const left = new Map(said.map(([name, count]) => [name, there[name] ?? count]));
  const asked: string[] = [];
  const claimed: string[][] = [];
  const main = {
    xpending: async (_key: string, _group: string, ...[, , most, name]: (string | number)[]) => {
      if (name === undefined) {
        const total = said.reduce((sum, [, count]) => sum + count, 0);
        return [total, null, null, said.length ? said.map(([who, count]) => [who, String(count)]) : null];
      }
      asked.push(`${name} ${most}`);
      const count = Math.min(left.get(String(name)) ?? 0, Number(most));
      left.set(String(name), (left.get(String(name)) ?? 0) - count);
      return Array.from({ length: count }, (_, i) => [`${name}-${i}`, name, 1, 1]);
    },
    xclaim: async (_key: string, _group: string, _consumer: string, _idle: number, ...rest: string[]) => {
      const ids = rest.slice(0, -1);
      if (ids.length === 0) throw new Error("ERR wrong number of arguments for 'xclaim' command");
      claimed.push(ids);
    },
  };
  const keys = new RedisKeys('p:', { shardCount: 1, shardOf: () => 0 });
  const streams = new DispatchStreams(main as unknown as RedisConnection, keys);
  return { gather: () => streams.gather('dispatch', 0), asked, claimed };
}

describe('gather', () => {
  it('claims five hundred of another consumer at a time, as many as were said to be there', async () => {
    const { gather, asked, claimed } = setUp([
      ['old', 1_000],
      ['older', 3],
    ]);
    expect(await gather()).toBe(1_003);
    expect(asked).toEqual(['old 500', 'old 500', 'older 500']);
    expect(claimed.map(({ length }) => length)).toEqual([500, 500, 3]);
  });

  it('claims nothing of one whose entries were acknowledged meanwhile, and goes on with the next', async () => {
    const { gather, claimed } = setUp(
      [
        ['old', 2],
        ['older', 1],
      ],
      { old: 0 },
    );
    await gather();
    expect(claimed).toEqual([['older-0']]);
  });

  it('leaves what is pending under the one name, and has nothing to do without consumers', async () => {
    const { gather, asked } = setUp([['owner', 7]]);
    expect([await gather(), asked]).toEqual([7, []]);
    expect(await setUp([]).gather()).toBe(0);
  });
});
