import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { RedisConnections } from './connections.js';
import type { EventBus } from './event-bus.js';
import { LineKnowledge } from './line-knowledge.js';
import { compareLine, generationNumber, LINE_EVENT, type LineStore, type ShardSurvey } from './line-store.js';
import { LineWitness } from './line-witness.js';

const at = (generation: string, streamId: string) => ({ generation, streamId });

describe('what is known of a line', () => {
  it('is nothing at first, and what was seen last afterwards, of each shard', () => {
    const known = new LineKnowledge(2);
    expect(known.all()).toEqual([at('', '0-0'), at('', '0-0')]);
    known.saw(1, at('', '5-1'));
    known.saw(1, at('', '5-0'));
    known.saw(1, at('1.a', '3-0'));
    known.saw(1, at('', '9-0'));
    expect([known.at(0), known.at(1)]).toEqual([at('', '0-0'), at('1.a', '3-0')]);
    // Two lives of one number: the newest word counts.
    known.saw(1, at('1.b', '1-0'));
    expect(known.at(1)).toEqual(at('1.b', '1-0'));
  });

  it('is nothing of a shard that there is not, and nobody else’s to change', () => {
    const known = new LineKnowledge(1);
    known.saw(1, at('', '5-1'));
    (known.all() as unknown[]).push('x');
    expect([known.at(1), known.all()]).toEqual([at('', '0-0'), [at('', '0-0')]]);
  });

  it('can be told, and read', () => {
    const known = new LineKnowledge(2);
    known.saw(1, at('1.a', '3-0'));
    known.lives = new Set(['x', 'y']);
    const read = LineKnowledge.parse(known.toText());
    expect(read?.all()).toEqual(known.all());
    expect(read?.lives).toEqual(new Set(['x', 'y']));
    expect(LineKnowledge.parse('{')).toBeUndefined();
    expect(LineKnowledge.parse('{"positions":[["1"]],"lives":[]}')).toBeUndefined();
  });
});

it('numbers generations', () => {
  expect(['', '12.abc', '7', 'x'].map(generationNumber)).toEqual([0, 12, 7, 0]);
});

it('compares positions as numbers', () => {
  expect(compareLine(at('', '5-1'), at('', '5-1'))).toBe(0);
  expect(compareLine(at('10.a', '1-0'), at('9.a', '1-0'))).toBeGreaterThan(0);
  expect(compareLine(at('', '5'), at('', '5-1'))).toBeLessThan(0);
});

describe('a witness', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  function world() {
    const main = new EventEmitter();
    const commands: string[] = [];
    const reports: LineKnowledge[] = [];
    const server = { id: 's1', provenOn: 's1', positions: [at('1.a', '5-0'), at('1.a', '6-0')] };
    let hold: Promise<unknown> = Promise.resolve();
    const store = {
      shardCount: 2,
      beat: async (life: string) => {
        commands.push('beat');
        await hold;
        return { [life]: '1', other: '4' };
      },
      survey: async () =>
        server.positions.map(
          (position, shard) =>
            ({
              shard,
              serverId: server.id,
              provenOn: server.provenOn,
              ...position,
            }) as unknown as ShardSurvey,
        ),
      report: async (serverId: string, life: string, text: string) => {
        commands.push(`report to ${serverId}`);
        reports.push(LineKnowledge.parse(text)!);
        expect(reports.at(-1)?.lives.has(life)).toBe(true);
      },
      forget: async (...lives: string[]) => void commands.push(`forget ${lives.length}`),
    } as unknown as LineStore;
    let hint: () => void = () => undefined;
    const events = {
      subscribe: async (kind: string, _schema: unknown, listener: () => void) => {
        expect(kind).toBe(LINE_EVENT);
        hint = listener;
      },
    } as unknown as EventBus;
    const errors: unknown[] = [];
    const connections = { main } as unknown as RedisConnections;
    const witness = new LineWitness(store, connections, events, (error) => errors.push(error));
    return {
      ...{ witness, main, commands, reports, server, errors, store },
      hint: () => hint(),
      holdBeats: (until: Promise<unknown>) => void (hold = until),
      settled: () => vi.advanceTimersByTimeAsync(0),
    };
  }

  it('notes how far the shards have come at the start, every two seconds, and when Redis is back or asks', async () => {
    const { witness, main, commands, hint, settled } = world();
    await witness.start();
    await settled();
    expect(commands).toEqual(['beat']);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(commands).toHaveLength(2);
    main.emit('ready');
    await settled();
    hint();
    await settled();
    expect(commands).toEqual(Array(4).fill('beat'));
  });

  it('says what it knew to a server that is not proven: what it noted, and what it read since', async () => {
    const { witness, reports, commands, server, hint, settled } = world();
    await witness.start();
    await settled();
    witness.saw(0, '7-0');
    witness.saw(1, '5-9');
    // It came back with less, and is another server.
    Object.assign(server, { id: 's2', positions: [at('1.a', '1-0'), at('2.b', '9-0')] });
    hint();
    await settled();
    expect(commands.at(-1)).toBe('report to s2');
    expect(reports[0]?.all()).toEqual([at('1.a', '7-0'), at('1.a', '6-0')]);
    expect(reports[0]?.lives.size).toBe(2);
    expect(reports[0]?.lives.has('other')).toBe(true);
    // Nothing of an unproven server is taken for what there was.
    hint();
    await settled();
    expect(reports[1]?.all()).toEqual(reports[0]?.all());
  });

  it('does one thing at a time, and goes on after a failure', async () => {
    const { witness, commands, errors, hint, settled, holdBeats } = world();
    let fail: (error: Error) => void = () => undefined;
    holdBeats(new Promise((_, reject) => (fail = reject)));
    await witness.start();
    hint();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(commands).toEqual(['beat']);
    holdBeats(Promise.resolve());
    fail(new Error('away'));
    await settled();
    expect(errors).toEqual([new Error('away')]);
    hint();
    await settled();
    expect(commands).toEqual(['beat', 'beat']);
  });

  it('leaves the list of lives when it stops, and notes nothing more', async () => {
    const { witness, main, commands, hint, settled } = world();
    await witness.start();
    await settled();
    await witness.stop();
    expect(commands).toEqual(['beat', 'forget 1']);
    main.emit('ready');
    hint();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(commands).toHaveLength(2);
    expect([main.listenerCount('ready'), vi.getTimerCount()]).toEqual([0, 0]);
  });
});
