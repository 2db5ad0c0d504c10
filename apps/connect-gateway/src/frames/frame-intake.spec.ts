import { CloseCode } from '@parley/protocol';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FakeConnection } from '../testing/fake-connection.js';
import { stub } from '../testing/stub.js';
import type { FrameDispatcher } from './frame-dispatcher.js';
import { FrameIntake } from './frame-intake.js';
import { FrameRates } from './frame-rates.js';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance', 'Date'] }));
afterEach(() => void vi.useRealTimers());

function setUp() {
  const connection = new FakeConnection(1);
  const reading: string[] = [];
  vi.spyOn(connection, 'pauseReading').mockImplementation(() => void reading.push('paused'));
  vi.spyOn(connection, 'resumeReading').mockImplementation(() => void reading.push('resumed'));
  const handled: { text: string | undefined; done: () => void }[] = [];
  let holds = true;
  const on = { handle: (_text: string | undefined): void => undefined };
  const intake = new FrameIntake(
    { maxOutboundBytes: 1_000 },
    stub<FrameDispatcher>('FrameDispatcher', {
      handle: (_connection, text) =>
        new Promise<void>((done) => {
          handled.push({ text, done });
          on.handle(text);
          if (!holds) done();
        }),
    }),
    new FrameRates({ sendBurst: 60, sendsPerSecond: 20 }),
  );
  const receive = (count: number, from = 0) => {
    for (let i = 0; i < count; i++) intake.receive(connection, Buffer.from(String(from + i)));
  };
  const answerAll = () => {
    holds = false;
    for (const { done } of handled) done();
  };
  return { connection, reading, handled, on, intake, receive, answerAll };
}
const turn = () => new Promise((resolve) => setImmediate(resolve));
/** Lets what was handled end, and the timers run. */
const after = async (ms: number) => {
  await turn();
  await vi.advanceTimersByTimeAsync(ms);
  await turn();
};

describe('frames of one connection', () => {
  // All that one read of the socket brought was handled at once, thousands of frames.
  it('are 256 in hand, whatever comes in one read; the others follow in their order', async () => {
    const { receive, reading, handled, answerAll } = setUp();
    receive(255);
    expect([handled.length, reading]).toEqual([255, []]);
    receive(45, 255);
    expect([handled.length, reading]).toEqual([256, ['paused']]);
    handled[0]?.done();
    await turn();
    expect([handled.length, reading]).toEqual([257, ['paused']]);
    answerAll();
    await turn();
    expect(handled.map(({ text }) => Number(text))).toEqual(Array.from({ length: 300 }, (_, i) => i));
    expect(reading).toEqual(['paused', 'resumed']);
  });

  it('are read as fast as their user may send, and none is lost', async () => {
    const { receive, reading, handled, answerAll, connection } = setUp();
    answerAll();
    receive(200);
    await after(0);
    for (let i = 200; i < 5_000; i += 200) {
      receive(200, i);
      await after(0);
    }
    expect(handled.length).toBe(2_000);
    expect(reading).toEqual(['paused']);
    await after(1_000);
    expect(handled.length).toBeGreaterThan(2_900);
    expect(handled.length).toBeLessThanOrEqual(3_000);
    await after(3_000);
    expect(handled.map(({ text }) => Number(text))).toEqual(Array.from({ length: 5_000 }, (_, i) => i));
    expect(reading).toEqual(['paused', 'resumed']);
    expect(connection.waiting).toBeUndefined();
  });

  it('are let go of when it is closed, with the timer', async () => {
    const { receive, reading, handled, answerAll, connection } = setUp();
    answerAll();
    for (let i = 0; i < 12; i++) {
      receive(200);
      await after(0);
    }
    expect(reading).toEqual(['paused']);
    // Other timers are those of the rates, which are not the connection's.
    const timers = vi.getTimerCount();
    expect(connection.waiting).toBeDefined();
    connection.close(CloseCode.abuse, 'TOO_MANY_ERRORS');
    // The peer's answer to the close is read.
    expect(reading).toEqual(['paused', 'resumed']);
    expect([connection.waiting, vi.getTimerCount()]).toEqual([undefined, timers - 1]);
    await after(10_000);
    expect(handled.length).toBe(2_000);
  });

  it('are not handled behind one that ended it, and its socket is read to the end', async () => {
    const { receive, reading, handled, on, answerAll, connection } = setUp();
    answerAll();
    on.handle = (text) => text === '2000' && connection.close(CloseCode.abuse, 'TOO_MANY_ERRORS');
    for (let i = 0; i < 11; i++) {
      receive(200, i * 200);
      await after(0);
    }
    expect([handled.length, reading]).toEqual([2_000, ['paused']]);
    await after(20);
    expect([handled.length, reading]).toEqual([2_001, ['paused', 'resumed']]);
  });

  it('of a sender who is too fast are looked at every 20 ms at the most', async () => {
    const { receive, handled, answerAll } = setUp();
    answerAll();
    for (let i = 0; i < 11; i++) {
      receive(200);
      await after(0);
    }
    expect(handled.length).toBe(2_000);
    await after(19);
    expect(handled.length).toBe(2_000);
    await after(1);
    expect(handled.length).toBe(2_020);
  });

  it('may be 32,767 bytes long; a longer one ends it', () => {
    const { intake, connection, handled } = setUp();
    intake.receive(connection, Buffer.alloc(32_767, ' '));
    expect(handled).toHaveLength(1);
    intake.receive(connection, Buffer.alloc(32_768, ' '));
    expect(connection.closes).toEqual([{ code: 4502, reason: 'FRAME_TOO_LARGE' }]);
    expect(handled).toHaveLength(1);
  });

  it.each(['ff', 'c080', 'eda080', 'f4908080', 'e282'])('are UTF-8, or have no text: %s', (hex) => {
    const { intake, connection, handled } = setUp();
    intake.receive(connection, Buffer.from(`22${hex}22`, 'hex'));
    intake.receive(connection, Buffer.from('"é😀"'));
    expect(handled.map(({ text }) => text)).toEqual([undefined, '"é😀"']);
  });
});

it('pings of WebSocket count too: a flood of them is read slowly', async () => {
  const { intake, connection, reading } = setUp();
  for (let i = 0; i < 3_000; i++) intake.tick(connection);
  expect(reading).toEqual(['paused']);
  await after(20);
  expect(reading).toEqual(['paused', 'resumed']);
});
