import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { FakeConnection } from '../testing/fake-connection.js';
import { FrameRates } from './frame-rates.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const rates = () => new FrameRates({ sendBurst: 60, sendsPerSecond: 20 });
/** How many are taken before the first that is not. */
function taken(take: () => number): number {
  for (let count = 0; ; count++) if (take() > 0) return count;
}

it('lets a user send at least what logic lets through, on all connections together', () => {
  const all = rates();
  const [phone, laptop] = [new FakeConnection(1), new FakeConnection(1)];
  let turn = 0;
  const send = () => all.takeSend(turn++ % 2 ? phone : laptop);
  expect(taken(send)).toBe(120);
  expect(send()).toBe(25);
  vi.advanceTimersByTime(1_000);
  expect(taken(send)).toBe(40);
});

it("does not count one user's flood against another", () => {
  const all = rates();
  const [flood, other] = [new FakeConnection(1), new FakeConnection(2)];
  expect(taken(() => all.takeFrame(flood, 100))).toBe(2_000);
  expect(taken(() => all.takeSend(flood))).toBe(120);
  expect(all.takeFrame(other, 100)).toBe(0);
  expect(all.takeSend(other)).toBe(0);
});

it('counts a frame of 32 KB as eight, and refills', () => {
  const all = rates();
  const connection = new FakeConnection(1);
  expect(taken(() => all.takeFrame(connection, 32_767))).toBe(250);
  expect(all.takeFrame(connection, 32_767)).toBe(8);
  vi.advanceTimersByTime(8);
  expect(all.takeFrame(connection, 32_767)).toBe(0);
});

it('lets a connection without a user join its rooms, and little more', () => {
  const all = rates();
  const [stranger, another] = [new FakeConnection(0), new FakeConnection(0)];
  stranger.identity = another.identity = undefined;
  expect(taken(() => all.takeFrame(stranger, 100))).toBe(100);
  expect(all.takeFrame(another, 100)).toBe(0);
  vi.advanceTimersByTime(1_000);
  expect(taken(() => all.takeFrame(stranger, 100))).toBe(10);
});

it('is not moved by a clock that is set', () => {
  const all = rates();
  const connection = new FakeConnection(1);
  taken(() => all.takeSend(connection));
  vi.setSystemTime(Date.now() - 3_600_000);
  vi.advanceTimersByTime(25);
  expect(all.takeSend(connection)).toBe(0);
  vi.setSystemTime(Date.now() + 7_200_000);
  expect(all.takeSend(connection)).toBe(25);
});
