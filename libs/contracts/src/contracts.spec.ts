import { limits } from '@parley/protocol';
import { describe, expect, it } from 'vitest';
import { connectRpc } from './connect-rpc.js';
import { logicRpc } from './logic-rpc.js';
import { rpcLimits } from './rpc-limits.js';

const from = { userId: 3, userName: 'ada' };
const send = { from, roomId: 7, text: 'hi', clientMsgId: 'c1' };
const takes = (
  contract: { request: { safeParse(value: unknown): { success: boolean } } },
  request: unknown,
) => contract.request.safeParse(request).success;

describe('calls between services', () => {
  const contracts = Object.entries({ ...logicRpc, ...connectRpc });

  it('are named after who serves them and what they do', () => {
    for (const [name, { service, pattern }] of contracts)
      expect(pattern).toBe(`${service === 'connect-gateway' ? 'connect' : service}.${name}`);
  });

  // Made again on another instance, a registration finds its own name taken, and a room is there twice.
  it('are made again on another instance, but those that would do it twice', () => {
    const once = contracts.filter(([, { idempotent }]) => !idempotent).map(([name]) => name);
    expect(once.sort()).toEqual([
      'admitGuest',
      'changeDoor',
      'createInvite',
      'createRoom',
      'deliver',
      'register',
      'renameGuest',
    ]);
  });

  it('are given up after five seconds; passwords and history may take longer, and delivery has less', () => {
    const others = contracts.filter(([, { deadlineMs }]) => deadlineMs !== 5_000);
    expect(Object.fromEntries(others.map(([name, { deadlineMs }]) => [name, deadlineMs]))).toMatchObject({
      register: 15_000,
      login: 15_000,
      history: 10_000,
      deliver: 2_000,
    });
  });
});

describe('publishMany', () => {
  const of = (more: object) => takes(logicRpc.publishMany, { sends: [{ ...send, ...more }] });

  it('takes a send to a room or to a user, never to both or to neither', () => {
    expect(of({})).toBe(true);
    expect(of({ roomId: undefined, toUserId: 4 })).toBe(true);
    expect(of({ toUserId: 4 })).toBe(false);
    expect(of({ roomId: undefined })).toBe(false);
  });

  it.each([
    { roomId: 0 },
    { roomId: 1.5 },
    { from: { ...from, userId: 0 } },
    { clientMsgId: '' },
    { text: 5 },
  ])('does not take %j', (more) => expect(of(more)).toBe(false));

  it('takes one send and as many as fit, not none and not one more', () => {
    const many = (count: number) => takes(logicRpc.publishMany, { sends: Array(count).fill(send) });
    expect([0, 1, rpcLimits.maxSendsPerCall, rpcLimits.maxSendsPerCall + 1].map(many)).toEqual([
      false,
      true,
      true,
      false,
    ]);
  });

  it('takes as many bytes as fit; the send that reaches them is the last', () => {
    const text = 'x'.repeat(rpcLimits.maxSendBytesPerCall / 2);
    const many = (count: number) =>
      takes(logicRpc.publishMany, { sends: Array(count).fill({ ...send, text }) });
    expect([2, 3].map(many)).toEqual([true, false]);
  });
});

describe('deliver', () => {
  const entry = { roomId: 7, seq: 1, epoch: 'e1', body: '{"code":0' };
  const of = (more: object) => takes(connectRpc.deliver, { fences: [], entries: [], upTo: [], ...more });

  it('takes entries, fences and positions up to their bounds', () => {
    const position = { roomId: 7, seq: 1, epoch: 'e1' };
    const bounds = [
      ['entries', rpcLimits.maxEntriesPerDelivery, entry],
      ['upTo', rpcLimits.maxPositionsPerDelivery, position],
      ['fences', rpcLimits.maxShards, [0, 1]],
    ] as const;
    for (const [name, most, one] of bounds) {
      expect(of({ [name]: Array(most).fill(one) }), name).toBe(true);
      expect(of({ [name]: Array(most + 1).fill(one) }), name).toBe(false);
    }
  });

  it.each([{ seq: 0 }, { roomId: 0 }, { epoch: '' }, { body: '[]' }, { body: `{${'x'.repeat(65_536)}` }])(
    'does not take an entry with %j',
    (more) => expect(of({ entries: [{ ...entry, ...more }] })).toBe(false),
  );
});

describe('pages', () => {
  it('are as long as asked for, within the bounds', () => {
    const history = (limit: number) => takes(logicRpc.history, { userId: 3, roomId: 7, limit });
    expect([0, 1, limits.maxHistoryPage, limits.maxHistoryPage + 1].map(history)).toEqual([
      false,
      true,
      true,
      false,
    ]);
    const rooms = (limit: number) => takes(logicRpc.listRooms, { userId: 3, limit });
    expect([0, 1, limits.maxListedRooms, limits.maxListedRooms + 1].map(rooms)).toEqual([
      false,
      true,
      true,
      false,
    ]);
    // An edge of the version before names none.
    expect(logicRpc.listRooms.request.parse({ userId: 3 })).toMatchObject({
      limit: limits.defaultListedRooms,
    });
  });
});
