import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Backoff } from './backoff.js';
import { ClientError } from './client-error.js';
import { ReadReporter } from './read-reporter.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());
const pass = (ms = 0) => vi.advanceTimersByTimeAsync(ms);

function setUp() {
  const state = { online: true };
  const sent: [number, number][] = [];
  const backoff = vi.fn<Backoff>(() => 100);
  const send = vi.fn(async (_roomId: number, seq: number) => ({ seq }));
  const reports = new ReadReporter({
    online: () => state.online,
    send: (roomId, seq) => {
      sent.push([roomId, seq]);
      return send(roomId, seq);
    },
    backoff,
  });
  return { reports, sent, send, state, backoff };
}

it('reports at once, then at most every two seconds: the furthest position', async () => {
  const { reports, sent } = setUp();
  for (let seq = 1; seq <= 100; seq++) {
    reports.mark(7, seq);
    await pass(50);
  }
  await pass(5_000);
  expect(sent.map(([, seq]) => seq)).toEqual([1, 40, 80, 100]);
  expect(reports.size).toBe(0);
});

it('reports each room by itself, and no position twice or backwards', async () => {
  const { reports, sent } = setUp();
  reports.mark(7, 5);
  reports.mark(8, 2);
  reports.mark(7, 4);
  await pass(10_000);
  expect(sent).toEqual([
    [7, 5],
    [8, 2],
  ]);
});

// The report of a room that was left came after it, and the room was followed again.
it('says when a report of a room that is left has been answered', async () => {
  const { reports, send, sent } = setUp();
  let answer!: (state: { seq: number }) => void;
  send.mockReturnValueOnce(new Promise((resolve) => (answer = resolve)));
  reports.mark(7, 5);
  reports.mark(7, 6);
  let isOver = false;
  const over = reports.forget(7).then(() => (isOver = true));
  await pass(1_000);
  expect(isOver).toBe(false);
  answer({ seq: 5 });
  await over;
  await pass(10_000);
  expect(sent).toEqual([[7, 5]]);
  send.mockRejectedValueOnce(new ClientError('DISCONNECTED', true));
  reports.mark(8, 1);
  await reports.forget(8);
  await reports.forget(9);
});

it('waits for a connection', async () => {
  const { reports, sent, state } = setUp();
  state.online = false;
  reports.mark(7, 5);
  reports.mark(7, 6);
  await pass(60_000);
  expect(sent).toEqual([]);
  expect(reports.size).toBe(1);
  state.online = true;
  reports.online();
  expect(sent).toEqual([[7, 6]]);
});

it('reports again what failed for now, with all that was read meanwhile', async () => {
  const { reports, sent, send } = setUp();
  send.mockRejectedValueOnce(new ClientError('UNAVAILABLE', true));
  reports.mark(7, 5);
  await pass();
  reports.mark(7, 9);
  await pass(5_000);
  expect(sent).toEqual([
    [7, 5],
    [7, 9],
  ]);
});

it('waits longer after each failure in a row, and is as at first once a report was kept', async () => {
  const { reports, sent, send, backoff } = setUp();
  const busy = new ClientError('UNAVAILABLE', true);
  send.mockRejectedValueOnce(busy).mockRejectedValueOnce(busy);
  reports.mark(7, 5);
  await pass(200);
  expect(sent).toHaveLength(3);
  send.mockRejectedValueOnce(busy);
  reports.mark(7, 6);
  await pass(5_000);
  expect(backoff.mock.calls.map(([failures]) => failures)).toEqual([0, 1, 0]);
});

it('reports that nothing is read yet', async () => {
  const { reports, sent } = setUp();
  reports.mark(7, 0);
  expect(sent).toEqual([[7, 0]]);
});

it('does not take the answer of a stay that has ended for that of the next', async () => {
  const { reports, sent, send } = setUp();
  let answer: (kept: { seq: number }) => void = () => undefined;
  send.mockReturnValueOnce(new Promise((resolve) => (answer = resolve)));
  reports.mark(7, 5);
  void reports.forget(7);
  answer({ seq: 5 });
  await pass(1_000);
  reports.mark(7, 1);
  await pass(1_500);
  reports.mark(7, 2);
  await pass(499);
  expect(sent).toEqual([
    [7, 5],
    [7, 1],
  ]);
  await pass(10_000);
  expect(sent.slice(2)).toEqual([[7, 2]]);
  expect(reports.size).toBe(0);
});

it('does not repeat what is refused for good', async () => {
  const { reports, sent, send } = setUp();
  send.mockRejectedValueOnce(new ClientError('ROOM_NOT_FOUND', false));
  reports.mark(7, 5);
  await pass(60_000);
  expect(sent).toEqual([[7, 5]]);
  expect(reports.size).toBe(0);
});

it('takes the word of the server that another device has read further', async () => {
  const { reports, sent, send } = setUp();
  send.mockResolvedValueOnce({ seq: 50 });
  reports.mark(7, 5);
  await pass();
  reports.mark(7, 20);
  await pass(60_000);
  expect(sent).toEqual([[7, 5]]);
});

it('reports nothing of a room that was left, nor after the end', async () => {
  const { reports, sent } = setUp();
  reports.mark(7, 1);
  reports.mark(8, 1);
  await pass();
  reports.mark(7, 2);
  reports.mark(8, 2);
  void reports.forget(7);
  reports.end();
  await pass(60_000);
  expect(sent).toHaveLength(2);
});
