import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { connectRpc } from './connect-rpc.js';
import { logicRpc } from './logic-rpc.js';
import { rpcLimits } from './rpc-limits.js';

const entry = { roomId: 1, seq: 1, epoch: 'e', body: '{"code":0' };
const send = { from: { userId: 1, userName: 'ada' }, roomId: 1, text: 'hi', clientMsgId: 'c' };
const nothing = { fences: [], entries: [], upTo: [] };
const page = { roomId: 1, epoch: 'e', head: 1, more: false };
const many = <T>(count: number, value: T): T[] => Array<T>(count).fill(value);

describe('what one call may hold, at the bound and above', () => {
  const cases: [string, z.ZodType, number, (count: number) => unknown][] = [
    ['sends', logicRpc.publishMany.request, 512, (n) => ({ sends: many(n, send) })],
    [
      'results of sends',
      logicRpc.publishMany.response,
      512,
      (n) => ({ results: many(n, { ok: false, code: 'OVERLOADED' }) }),
    ],
    ['messages to archive', logicRpc.archive.request, 500, (n) => ({ entries: many(n, entry) })],
    [
      'messages to deliver',
      connectRpc.deliver.request,
      512,
      (n) => ({ ...nothing, entries: many(n, entry) }),
    ],
    [
      'characters of a body',
      logicRpc.archive.request,
      65_536,
      (n) => ({ entries: [{ ...entry, body: `{${'x'.repeat(n - 1)}` }] }),
    ],
    [
      'positions to deliver up to',
      connectRpc.deliver.request,
      512,
      (n) => ({ ...nothing, upTo: many(n, { roomId: 1, seq: 1, epoch: 'e' }) }),
    ],
    ['fences', connectRpc.deliver.request, 1_024, (n) => ({ ...nothing, fences: many(n, [1, 1]) })],
    ['stale shards', connectRpc.deliver.response, 1_024, (n) => ({ staleShards: many(n, 1) })],
    ['asked of history', logicRpc.history.request, 200, (limit) => ({ userId: 1, roomId: 1, limit })],
    [
      'messages of a page',
      logicRpc.history.response,
      200,
      (n) => ({ ...page, messages: many(n, '{"seq":1}') }),
    ],
  ];

  it.each(cases)('%s', (_name, schema, bound, withCount) => {
    expect(schema.safeParse(withCount(bound)).error).toBeUndefined();
    expect(schema.safeParse(withCount(bound + 1)).success).toBe(false);
  });

  it.each([
    ['sends', logicRpc.publishMany.request, { sends: [] }],
    ['messages to archive', logicRpc.archive.request, { entries: [] }],
  ])('no %s at all are refused too', (_name, schema, empty) => {
    expect(schema.safeParse(empty).success).toBe(false);
  });
});

describe('the bytes of one call', () => {
  const unit = 64 * 1024;
  const most = rpcLimits.maxSendBytesPerCall / unit;
  // Two bytes a character: it is bytes that count.
  const text = (bytes: number) => 'ж'.repeat(bytes / 2);
  const units = (count: number) => Array<number>(count).fill(unit);
  const sends = (...bytes: number[]) => ({ sends: bytes.map((n) => ({ ...send, text: text(n) })) });
  const entries = (...bytes: number[]) => ({
    ...nothing,
    entries: bytes.map((n) => ({ ...entry, body: `{ ${text(n - 2)}` })),
  });
  it.each([
    ['sends', logicRpc.publishMany.request, sends],
    ['messages to deliver', connectRpc.deliver.request, entries],
  ] as const)('%s: what reaches the bound is the last', (_name, schema, make) => {
    for (const fits of [make(...units(most)), make(...units(most - 1), unit - 2, unit)])
      expect(schema.safeParse(fits).error).toBeUndefined();
    expect(schema.safeParse(make(...units(most), 2)).success).toBe(false);
  });
});
