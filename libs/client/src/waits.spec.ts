import { Op, type WaitFrame } from '@parley/protocol';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ClientError } from './client-error.js';
import { Waits } from './waits.js';

const stands = (state: WaitFrame['state'], roomId = 1): WaitFrame => ({ op: Op.wait, roomId, state });
const answered = () => vi.advanceTimersByTimeAsync(0);

describe('waiting to be let in', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  function world(isOnline = true) {
    const asked: number[] = [];
    const told: string[] = [];
    const server: { online: boolean; answer: string } = {
      online: isOnline,
      answer: 'waiting',
    };
    const waits = new Waits({
      online: () => server.online,
      ask: async (roomId) => {
        asked.push(roomId);
        const { answer } = server;
        if (answer === answer.toUpperCase()) throw new ClientError(answer, true);
        return stands(answer as WaitFrame['state'], roomId);
      },
      told: ({ roomId, state }) => told.push(`${roomId} ${state}`),
    });
    return { waits, server, asked, told };
  }

  it('asks at once, and again every ten seconds, until it is over', async () => {
    const { waits, server, asked, told } = world();
    waits.start(1);
    waits.start(1);
    await answered();
    expect([asked, told]).toEqual([[1], ['1 waiting']]);
    await vi.advanceTimersByTimeAsync(9_999);
    expect(asked).toHaveLength(1);
    server.answer = 'admitted';
    await vi.advanceTimersByTimeAsync(1);
    expect(told).toEqual(['1 waiting', '1 admitted']);
    expect(waits.size).toBe(0);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(asked).toHaveLength(2);
  });

  it('is ended by what the server says unasked; of a room that nobody waits for nothing is told', async () => {
    const { waits, asked, told } = world();
    waits.start(1);
    waits.start(2);
    await answered();
    waits.heard(stands('denied', 3));
    waits.heard(stands('denied', 2));
    expect(told).toEqual(['1 waiting', '2 waiting', '2 denied']);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(asked).toEqual([1, 2, 1]);
  });

  it('asks nothing without a connection, and on each new one', async () => {
    const { waits, server, asked } = world(false);
    waits.start(1);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(asked).toEqual([]);
    server.online = true;
    waits.online();
    waits.online();
    await answered();
    expect(asked).toEqual([1, 1]);
    // Two connections do not make it ask twice as often.
    await vi.advanceTimersByTimeAsync(10_000);
    expect(asked).toHaveLength(3);
  });

  it.each(['NOT_WAITING', 'FORBIDDEN'])('goes on after what may pass, and is over with %s', async (code) => {
    const { waits, server, asked, told } = world();
    server.answer = 'UNAVAILABLE';
    waits.start(1);
    await vi.advanceTimersByTimeAsync(10_000);
    expect([asked, told]).toEqual([[1, 1], []]);
    server.answer = code;
    await vi.advanceTimersByTimeAsync(10_000);
    expect([told, waits.size]).toEqual([['1 over'], 0]);
  });

  it('is left without a word: by hand, or with the client', async () => {
    const { waits, asked, told } = world();
    waits.start(1);
    waits.start(2);
    waits.stop(1);
    waits.end();
    await vi.advanceTimersByTimeAsync(60_000);
    expect([asked, told, waits.size]).toEqual([[1, 2], [], 0]);
  });
});
