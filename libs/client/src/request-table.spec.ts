import { Op, type ServerFrame } from '@parley/protocol';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ClientError } from './client-error.js';
import { RequestTable } from './request-table.js';
import { refusal } from './testing/scripted-server.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const frame: ServerFrame = { op: Op.pong };

/** A table with one request that has a second. */
function setUp() {
  const overdue = vi.fn();
  const table = new RequestTable(overdue);
  const done = vi.fn<(frame: ServerFrame) => void>();
  const failed = vi.fn<(error: ClientError) => void>();
  const ref = table.nextRef();
  table.expect(ref, 1_000, done, failed);
  return { table, ref, done, failed, overdue };
}

describe('a request', () => {
  it('has a number of its own, each larger than the one before', () => {
    const { table, ref } = setUp();
    expect([ref, table.nextRef(), table.nextRef()]).toEqual([1, 2, 3]);
  });

  it('gets the reply with its number, once', () => {
    const { table, ref, done, failed } = setUp();
    expect(table.answer(ref + 1, frame)).toBe(false);
    expect(table.answer(undefined, frame)).toBe(false);
    expect(table.answer(ref, frame)).toBe(true);
    expect(table.answer(ref, frame)).toBe(false);
    expect(table.refuse(ref, refusal('FORBIDDEN', false))).toBe(false);
    expect(done).toHaveBeenCalledExactlyOnceWith(frame);
    expect(failed).not.toHaveBeenCalled();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('fails with the refusal that it gets', () => {
    const { table, ref, done, failed } = setUp();
    const refused = refusal('OVERLOADED', true, { retryAfterMs: 700 });
    expect(table.refuse(ref + 1, refused)).toBe(false);
    expect(table.refuse(ref, refused)).toBe(true);
    expect(failed.mock.calls).toMatchObject([
      [{ code: 'OVERLOADED', retryable: true, retryAfterMs: 700, frame: refused }],
    ]);
    expect(table.answer(ref, frame)).toBe(false);
    expect(done).not.toHaveBeenCalled();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('without a reply fails for now, and a late reply is nobody’s', () => {
    const { table, ref, done, failed, overdue } = setUp();
    vi.advanceTimersByTime(999);
    expect([failed, overdue].map(({ mock }) => mock.calls.length)).toEqual([0, 0]);
    vi.advanceTimersByTime(1);
    expect(failed.mock.calls).toMatchObject([[{ code: 'NO_ANSWER', retryable: true }]]);
    expect(overdue).toHaveBeenCalledOnce();
    expect(table.answer(ref, frame)).toBe(false);
    expect(done).not.toHaveBeenCalled();
  });
});

describe('the end of a connection', () => {
  it('fails all requests once and leaves no timer', () => {
    const { table, failed } = setUp();
    const other = vi.fn();
    table.expect(table.nextRef(), 500, () => {}, other);
    const error = new ClientError('DISCONNECTED', true);
    table.failAll(error);
    table.failAll(error);
    expect(failed).toHaveBeenCalledExactlyOnceWith(error);
    expect(other).toHaveBeenCalledExactlyOnceWith(error);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('does not fail what is asked by those who hear of it', () => {
    const { table, failed } = setUp();
    const next = vi.fn();
    failed.mockImplementation(() => table.expect(table.nextRef(), 500, () => {}, next));
    table.failAll(new ClientError('DISCONNECTED', true));
    expect(next).not.toHaveBeenCalled();
    expect(vi.getTimerCount()).toBe(1);
  });
});
