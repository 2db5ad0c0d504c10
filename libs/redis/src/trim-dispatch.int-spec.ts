import { startRedis, uniquePrefix } from '@parley/testing';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { connect, testKeys } from './store.fixture.js';
import { runScript } from './run-script.js';

/** One entry a node: what is trimmed by whole nodes goes to the entry. */
let redis: Awaited<ReturnType<typeof startRedis>>;
beforeAll(async () => {
  redis = await startRedis({ appendOnly: false, extraArgs: ['--stream-node-max-entries', '1'] });
});
afterAll(() => redis.stop());

type Trimmed = [length: number, pending: number, lag: number, groups: (string | number)[], nowMs: number];
/** Of a group: its name, what it has pending, the age of its oldest entry. */
const FIELDS = 3;

async function world(groups = ['task', 'archive'], ids = ['1-0', '2-0', '3-0', '4-0', '5-0']) {
  const { main } = connect(redis.url);
  const key = testKeys(uniquePrefix('trim')).dispatch(1);
  onTestFinished(async () => void (await main.del(key)));
  for (const id of ids) await main.xadd(key, id, 'a', 1);
  for (const group of groups) await main.xgroup('CREATE', key, group, '0');
  return {
    main,
    key,
    read: (group: string, count: number) =>
      main.xreadgroup('GROUP', group, 'c', 'COUNT', count, 'STREAMS', key, '>'),
    ack: (group: string, ...of: string[]) => main.xack(key, group, ...of),
    /** Without ages. */
    trim: async (groupsNeeded = 2) => {
      const answer = (await runScript(main, 'trimDispatch', [key], [groupsNeeded])) as Trimmed;
      const [length, pending, lag, groups] = answer;
      return [length, pending, lag, groups.filter((_, i) => i % FIELDS < FIELDS - 1)];
    },
    ages: async () => {
      const [, , , groups, nowMs] = (await runScript(main, 'trimDispatch', [key], [2])) as Trimmed;
      return { nowMs, of: groups.filter((_, i) => i % FIELDS === FIELDS - 1).map(Number) };
    },
    left: async () => (await main.xrange(key, '-', '+')).map(([id]) => id),
  };
}

describe('a dispatch stream', () => {
  it('loses what every group has acknowledged, and nothing else', async () => {
    const { read, ack, trim, left } = await world();
    await read('task', 3);
    await ack('task', '1-0', '2-0', '3-0');
    // One group has acknowledged three, the other has read none.
    await trim();
    expect(await left()).toEqual(['1-0', '2-0', '3-0', '4-0', '5-0']);
    await read('archive', 2);
    await trim();
    expect(await left()).toEqual(['1-0', '2-0', '3-0', '4-0', '5-0']);
    await ack('archive', '1-0', '2-0');
    await trim();
    expect(await left()).toEqual(['3-0', '4-0', '5-0']);
  });

  it('keeps the oldest entry that is read and not acknowledged, whoever has read it', async () => {
    for (const slow of ['task', 'archive']) {
      const { read, ack, trim, left } = await world();
      for (const group of ['task', 'archive']) {
        await read(group, 5);
        await ack(group, '1-0', '3-0', '4-0', '5-0', ...(group === slow ? [] : ['2-0']));
      }
      await trim();
      expect(await left()).toEqual(['2-0', '3-0', '4-0', '5-0']);
    }
  });

  it('is empty when both groups are through', async () => {
    const { read, ack, trim, left } = await world();
    for (const group of ['task', 'archive']) {
      await read(group, 5);
      await ack(group, '1-0', '2-0', '3-0', '4-0', '5-0');
    }
    expect(await trim()).toEqual([0, 0, 0, ['archive', 0, 'task', 0]]);
    expect(await left()).toEqual([]);
  });

  it('says how long each group has left its oldest entry, by the clock of Redis', async () => {
    const { main, key, read, ack, ages } = await world([], []);
    const ids = [await main.xadd(key, '*', 'a', 1), await main.xadd(key, '*', 'a', 2)].map(String);
    for (const group of ['archive', 'task']) await main.xgroup('CREATE', key, group, '0');
    const [first = 0, second = 0] = ids.map((id) => Number(id.split('-')[0]));
    await read('task', 1);
    // One has it in hand, the other has read nothing: both leave it.
    const both = await ages();
    expect(both.of).toEqual([both.nowMs - first, both.nowMs - first]);
    await ack('task', String(ids[0]));
    const one = await ages();
    expect(one.of).toEqual([one.nowMs - first, one.nowMs - second]);
    for (const group of ['task', 'archive']) {
      await read(group, 5);
      await ack(group, ...ids);
    }
    expect((await ages()).of).toEqual([0, 0]);
  });

  // A group that is not there yet, or was lost, would find nothing.
  it.each([[[]], [['task']], [['archive']]])('keeps everything while its groups are %j', async (groups) => {
    const { read, ack, trim, left } = await world(groups);
    for (const group of groups) {
      await read(group, 5);
      await ack(group, '1-0', '2-0', '3-0', '4-0', '5-0');
    }
    await trim();
    expect(await left()).toHaveLength(5);
  });

  it('is judged by the number of an id too, in one millisecond', async () => {
    for (const slow of ['archive', 'task']) {
      const ids = ['7-8', '7-9', '7-10', '7-11'];
      const { read, ack, trim, left } = await world(['task', 'archive'], ids);
      const fast = slow === 'task' ? 'archive' : 'task';
      await read(fast, 4);
      await ack(fast, ...ids);
      await read(slow, 3);
      await ack(slow, '7-8', '7-9');
      await trim();
      expect(await left()).toEqual(['7-10', '7-11']);
      await ack(slow, '7-10');
      await trim();
      expect(await left()).toEqual(['7-11']);
    }
  });

  it('is judged by the millisecond first, whichever group is asked first', async () => {
    for (const [first, second] of [
      ['archive', 'task'],
      ['task', 'archive'],
    ] as const) {
      const { read, ack, trim, left } = await world(['archive', 'task'], ['7-9', '8-1', '9-5']);
      await read(first, 1);
      await ack(first, '7-9');
      await read(second, 3);
      await ack(second, '7-9', '8-1');
      await trim();
      expect(await left()).toEqual(['8-1', '9-5']);
    }
  });
});

describe('what is said of it', () => {
  it('is how much is left, read and not acknowledged in each group, and not read by the slowest', async () => {
    const { read, ack, trim } = await world();
    expect(await trim()).toEqual([5, 0, 5, ['archive', 0, 'task', 0]]);
    await read('archive', 4);
    await read('task', 3);
    await ack('task', '1-0');
    expect(await trim()).toEqual([5, 6, 2, ['archive', 4, 'task', 2]]);
    await read('task', 2);
    expect(await trim()).toEqual([5, 8, 1, ['archive', 4, 'task', 4]]);
  });

  it('counts nothing as unread for a group that has read the newest, though Redis lost count', async () => {
    const { main, key, trim, read } = await world();
    // Redis cannot tell the lag any more when the middle of a stream was deleted.
    await main.xdel(key, '3-0');
    await main.xgroup('SETID', key, 'task', '1-0');
    await read('archive', 5);
    expect((await trim())[2]).toBe(-1);
    await read('task', 5);
    expect((await trim())[2]).toBe(0);
    await main.xgroup('SETID', key, 'task', '5-0', 'ENTRIESREAD', 1);
    expect((await trim())[2]).toBe(0);
  });

  it('is unknown once one group is, whichever is asked first', async () => {
    for (const lost of ['archive', 'task']) {
      const { main, key, trim } = await world();
      await main.xdel(key, '3-0');
      await main.xgroup('SETID', key, lost, '1-0');
      // One entry is left for the other one.
      await main.xgroup('SETID', key, lost === 'task' ? 'archive' : 'task', '4-0', 'ENTRIESREAD', 4);
      expect((await trim())[2]).toBe(-1);
    }
  });

  it('is nothing of a stream that is not there', async () => {
    const { main, key, trim } = await world([]);
    await main.del(key);
    expect(await trim()).toEqual([0, 0, 0, []]);
    expect(await main.exists(key)).toBe(0);
  });
});
