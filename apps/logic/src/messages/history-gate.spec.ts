import { describe, expect, it } from 'vitest';
import { HistoryGate } from './history-gate.js';

/** Pages that end when the test says so. */
function setUp() {
  let nowMs = 0;
  const gate = new HistoryGate(() => nowMs);
  const running: { userId: number; end: () => void }[] = [];
  const ask = (userId: number) =>
    gate.run(userId, () => new Promise<void>((resolve) => running.push({ userId, end: resolve })));
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  const users = () => running.map(({ userId }) => userId);
  const end = async (userId: number) => {
    const index = running.findIndex((page) => page.userId === userId);
    running.splice(index, 1)[0]?.end();
    await settle();
  };
  return { ask, users, end, settle, pass: (ms: number) => (nowMs += ms), gate };
}

describe('HistoryGate', () => {
  it("makes two pages of a user at a time; the others' do not wait for hers", async () => {
    const { ask, users, end, settle } = setUp();
    for (let i = 0; i < 10; i++) void ask(1);
    void ask(2);
    await settle();
    expect(users()).toEqual([1, 1, 2]);
    await end(1);
    expect(users()).toEqual([1, 2, 1]);
  });

  it('makes sixteen at a time, and users who wait take turns', async () => {
    const { ask, users, end, settle } = setUp();
    for (let user = 1; user <= 8; user++) for (let i = 0; i < 2; i++) void ask(user);
    for (let i = 0; i < 3; i++) void ask(20);
    void ask(21);
    await settle();
    expect(users()).toHaveLength(16);
    await end(1);
    await end(1);
    await end(2);
    // Twenty has asked for three and is not given a second one before twenty-one has his first.
    expect(users().slice(-3)).toEqual([20, 21, 20]);
  });

  it('lets thirty-two pages of a user wait, and refuses the next', async () => {
    const { ask, users, end, settle, gate } = setUp();
    for (let i = 0; i < 2 + 32; i++) void ask(1);
    await expect(ask(1)).rejects.toMatchObject({ code: 'OVERLOADED', retryAfterMs: 500 });
    await settle();
    for (let i = 0; i < 2 + 32; i++) await end(1);
    expect(users()).toEqual([]);
    expect(gate.busyUsers).toBe(0);
    void ask(1);
    await settle();
    expect(users()).toEqual([1]);
  });

  it('lets two thousand wait in all, and refuses the next', async () => {
    const { ask, end, gate, users } = setUp();
    for (let user = 1; user <= 8 + 1_000; user++) for (let i = 0; i < 2; i++) void ask(user);
    await expect(ask(5_000)).rejects.toMatchObject({ code: 'OVERLOADED' });
    // As many again as have had their turn.
    await end(1);
    void ask(5_000);
    await expect(ask(5_001)).rejects.toMatchObject({ code: 'OVERLOADED' });
    expect(users()).toHaveLength(16);
    // Whoever was refused was remembered for ever.
    expect(gate.busyUsers).toBe(1_009);
  });

  it('takes two thousand pages of a user at once, refuses the next, and a hundred more after a second', async () => {
    const { gate, pass } = setUp();
    const ask = () => gate.run(1, () => Promise.resolve());
    for (let i = 0; i < 2_000; i++) await ask();
    await expect(ask()).rejects.toMatchObject({ code: 'RATE_LIMITED', retryAfterMs: 10 });
    await gate.run(2, () => Promise.resolve());
    pass(1_000);
    for (let i = 0; i < 100; i++) await ask();
    await expect(ask()).rejects.toMatchObject({ code: 'RATE_LIMITED' });
  });

  it('goes on after a page that fails', async () => {
    const { gate, ask, users, settle } = setUp();
    for (let i = 0; i < 5; i++)
      await expect(gate.run(1, () => Promise.reject(new Error('away')))).rejects.toThrow('away');
    void ask(1);
    await settle();
    expect(users()).toEqual([1]);
  });
});
