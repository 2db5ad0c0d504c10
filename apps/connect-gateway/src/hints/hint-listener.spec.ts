import { EventEmitter } from 'node:events';
import type { DispatchEntry } from '@parley/contracts';
import { setTracer } from '@parley/observability';
import { RedisKeys, type RedisConnection } from '@parley/redis';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { HintListener, MAX_HINT_BYTES } from './hint-listener.js';

async function setUp(hints = true, confirmed: Promise<void> = Promise.resolve()) {
  const subscribe = vi.fn<(...channels: string[]) => Promise<unknown>>(() => confirmed);
  const disconnect = vi.fn();
  const subscriber = Object.assign(new EventEmitter(), { subscribe, disconnect });
  const createSubscriber = vi.fn(() => subscriber as unknown as RedisConnection);
  const given: [number, readonly DispatchEntry[]][] = [];
  const answers: (() => Promise<void>)[] = [];
  const traced: unknown[] = [];
  const counted: Record<string, number> = {};
  const listener = new HintListener(
    { instanceId: 'gw-1', hints },
    {
      hear: (roomId, entries) => {
        given.push([roomId, entries]);
        return (answers.shift() ?? (() => Promise.resolve()))();
      },
      expectTraced: (...note) => void traced.push(note),
    },
    { createSubscriber },
    new RedisKeys('p:', { shardCount: 3, shardOf: (roomId) => roomId % 3 }),
    { hints: (outcome, count) => void (counted[outcome] = (counted[outcome] ?? 0) + count) },
  );
  const started = vi.fn();
  const starting = listener.onApplicationBootstrap().then(started);
  // With the time that it takes when Redis does not keep it waiting.
  await Promise.race([starting, new Promise((resolve) => setImmediate(resolve))]);
  const say = (text: string) => subscriber.emit('message', 'a channel', text);
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  const seqs = () => given.map(([roomId, entries]) => [roomId, entries.map(({ seq }) => seq)]);
  return {
    listener,
    subscriber,
    createSubscriber,
    subscribe,
    started,
    disconnect,
    say,
    turn,
    seqs,
    answers,
    counted,
    traced,
  };
}

const hint = (roomId: number, seq: number, body = '{') => `${roomId}|${seq}|e1||${body}`;

describe('HintListener', () => {
  it('listens to its channel of every shard', async () => {
    const { createSubscriber, subscribe } = await setUp();
    expect(createSubscriber.mock.calls).toEqual([['hints']]);
    expect(subscribe.mock.calls).toEqual([
      ['p:{s00}:hints:gw-1', 'p:{s01}:hints:gw-1', 'p:{s02}:hints:gw-1'],
    ]);
  });

  it('has started when Redis has confirmed that, not before', async () => {
    let confirm: () => void = () => undefined;
    const { started, turn } = await setUp(true, new Promise((resolve) => (confirm = resolve)));
    expect(started).not.toHaveBeenCalled();
    confirm();
    await turn();
    expect(started).toHaveBeenCalledTimes(1);
  });

  it('listens to nothing when it is told so', async () => {
    const { subscribe, listener } = await setUp(false);
    expect(subscribe).not.toHaveBeenCalled();
    listener.onApplicationShutdown();
  });

  it('listens again when the connection has come back, and not twice at the start', async () => {
    const { subscriber, subscribe } = await setUp();
    subscriber.emit('ready');
    expect(subscribe).toHaveBeenCalledTimes(1);
    subscriber.emit('ready');
    expect(subscribe).toHaveBeenCalledTimes(2);
    expect(subscribe.mock.calls[1]).toEqual(subscribe.mock.calls[0]);
  });

  it('gives each room what comes in one piece in one go, in order', async () => {
    const { say, turn, seqs, counted } = await setUp();
    for (const [room, seq] of [
      [1, 1],
      [2, 1],
      [1, 2],
    ] as const)
      say(hint(room, seq));
    expect(seqs()).toEqual([]);
    // In the same turn of the event loop, when all of the piece has been read.
    await Promise.resolve();
    expect(seqs()).toHaveLength(2);
    say(hint(1, 3));
    await turn();
    expect(seqs()).toEqual([
      [1, [1, 2]],
      [2, [1]],
      [1, [3]],
    ]);
    expect(counted).toEqual({ taken: 4 });
  });

  it('goes on after a room that could not take one, and after what is no hint', async () => {
    const { say, turn, seqs, answers } = await setUp();
    answers.push(() => Promise.reject(new Error('no log')));
    say(hint(1, 1));
    await turn();
    say('nonsense');
    say(hint(1, 2));
    await turn();
    expect(seqs()).toEqual([
      [1, [1]],
      [1, [2]],
    ]);
  });

  it('leaves to the worker what comes while too many bytes wait for their rooms, and takes hints again after that', async () => {
    const { say, turn, seqs, answers, counted } = await setUp();
    let release: () => void = () => undefined;
    answers.push(() => new Promise((resolve) => (release = resolve)));
    const body = `{${'x'.repeat(MAX_HINT_BYTES - 1)}`;
    say(hint(1, 1, body));
    say(hint(1, 2));
    await turn();
    say(hint(2, 1));
    await turn();
    expect([seqs(), counted]).toEqual([[[1, [1]]], { taken: 1, dropped: 2 }]);
    release();
    await turn();
    say(hint(2, 2));
    await turn();
    expect(seqs().at(-1)).toEqual([2, [2]]);
  });

  it('counts the bytes of each room that has not taken them, all of them and no longer', async () => {
    const { say, turn, seqs, answers, counted } = await setUp();
    const release: (() => void)[] = [];
    for (let i = 0; i < 2; i++) answers.push(() => new Promise((resolve) => release.push(resolve)));
    const body = (bytes: number) => `{${'x'.repeat(bytes - 1)}`;
    const quarter = MAX_HINT_BYTES / 4;
    for (const [room, seq] of [
      [1, 1],
      [1, 2],
      [2, 1],
      [2, 2],
    ] as const)
      say(hint(room, seq, body(quarter)));
    say(hint(3, 1));
    await turn();
    expect([seqs(), counted]).toEqual([
      [
        [1, [1, 2]],
        [2, [1, 2]],
      ],
      { taken: 4, dropped: 1 },
    ]);
    release[0]?.();
    await turn();
    // The second room has its half still.
    say(hint(3, 2, body(2 * quarter + 1)));
    say(hint(3, 3, body(2 * quarter)));
    await turn();
    release[1]?.();
    await turn();
    say(hint(3, 4, body(4 * quarter + 1)));
    say(hint(3, 5, body(4 * quarter)));
    await turn();
    expect(seqs().slice(2)).toEqual([
      [3, [3]],
      [3, [5]],
    ]);
  });

  it('lets its connection go', async () => {
    const { listener, disconnect } = await setUp();
    listener.onApplicationShutdown();
    expect(disconnect).toHaveBeenCalledTimes(1);
  });

  it('hears what a message is part of while tracing is on, and takes it for no hint', async () => {
    const { say, turn, seqs, traced } = await setUp();
    const note = `trace|7|1|00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
    say(note);
    expect(traced).toEqual([]);
    setTracer({ root: () => undefined, child: () => undefined });
    onTestFinished(() => setTracer(undefined));
    say(note);
    say(hint(7, 1));
    await turn();
    expect(traced).toEqual([[7, 1, note.slice('trace|7|1|'.length)]]);
    expect(seqs()).toEqual([[7, [1]]]);
  });
});
