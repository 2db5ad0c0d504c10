import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { ClientError } from './client-error.js';
import { ReadReporter } from './read-reporter.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());
const pass = (ms = 0) => vi.advanceTimersByTimeAsync(ms);

function setUp() {
  const state = { online: true };
  const sent: [number, number][] = [];
  const send = vi.fn(async (_roomId: number, seq: number) => ({ seq }));
  const reports = new ReadReporter({
    online: () => state.online,
    send: (roomId, seq) => {
      sent.push([roomId, seq]);
      return send(roomId, seq);
    },
    backoff: () => 100,
  });
  return { reports, sent, send, state };
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
  reports.forget(7);
  reports.end();
  await pass(60_000);
  expect(sent).toHaveLength(2);
});
