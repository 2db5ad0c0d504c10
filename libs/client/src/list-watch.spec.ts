import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ClientError } from './client-error.js';
import { ListWatch } from './list-watch.js';
import { refusal } from './testing/scripted-server.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());
const pass = (ms = 0) => vi.advanceTimersByTimeAsync(ms);

/** A server that gives these answers in turn, and then agrees; a wait of a second, however often it has failed. */
function setUp(...answers: (ClientError | undefined)[]) {
  const backoff = vi.fn(() => 1_000);
  const ask = vi.fn(async () => {
    const failure = answers.shift();
    if (failure) throw failure;
  });
  return { watch: new ListWatch({ online: () => true, ask, backoff }), ask, backoff };
}
const busy = () => ClientError.fromFrame(refusal('UNAVAILABLE', true, { retryAfterMs: 700 }));

describe('asking to be told of the lists', () => {
  it('is done once, however often it is wanted', async () => {
    const { watch, ask } = setUp();
    expect(watch.isWanted).toBe(false);
    watch.start();
    watch.start();
    await pass(60_000);
    expect(ask).toHaveBeenCalledOnce();
    expect(watch.isWanted).toBe(true);
  });

  it('waits longer after each failure in a row, and is as at first once the server has agreed', async () => {
    const { watch, ask, backoff } = setUp(busy(), busy(), undefined, busy());
    watch.start();
    await pass(2_000);
    expect(ask).toHaveBeenCalledTimes(3);
    watch.online();
    await pass(1_000);
    expect(ask).toHaveBeenCalledTimes(5);
    expect(backoff.mock.calls).toEqual([
      [0, 700],
      [1, 700],
      [0, 700],
    ]);
  });

  it('is left to the next connection when this one is lost', async () => {
    const { watch, ask } = setUp(new ClientError('DISCONNECTED', true));
    watch.start();
    await pass(60_000);
    expect(ask).toHaveBeenCalledOnce();
    watch.online();
    expect(ask).toHaveBeenCalledTimes(2);
  });

  it('is over at the end, whatever waits', async () => {
    const { watch, ask } = setUp(busy());
    watch.start();
    await pass();
    watch.end();
    watch.online();
    await pass(60_000);
    expect(ask).toHaveBeenCalledOnce();
    expect(watch.isWanted).toBe(false);
  });
});
