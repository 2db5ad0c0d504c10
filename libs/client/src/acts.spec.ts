import { Op, type AckFrame, type ActInput } from '@parley/protocol';
import { expect, it, onTestFinished, vi } from 'vitest';
import { Acts } from './acts.js';
import { ClientError } from './client-error.js';

/** Acts whose sends are noted and settled by hand. */
function setUp({ ready = true, deadlineMs = 1_000, now = (): number => 0 } = {}) {
  const begun: string[] = [];
  const settle: ((ok: boolean) => void)[] = [];
  let endReason: string | undefined;
  const acts = new Acts({
    ended: () => endReason,
    ready: () => ready,
    send: (roomId, { act }, clientMsgId) =>
      new Promise<AckFrame>((resolve, reject) => {
        begun.push(`${act} in ${roomId}`);
        const ack = { op: Op.ack, roomId, seq: 1, epoch: 'e', id: 'i', clientMsgId, sentAt: 0 } as const;
        settle.push((ok) =>
          ok ? resolve({ ...ack, duplicate: false }) : reject(new ClientError('FORBIDDEN', false)),
        );
      }),
    backoff: () => 0,
    now,
    deadlineMs,
  });
  const end = (why: string) => {
    endReason = why;
    acts.end();
  };
  return { acts, begun, settle, end };
}
const turn = () => new Promise((resolve) => setImmediate(resolve));
const panic: ActInput = { act: 'panic' };
const calm: ActInput = { act: 'calm' };

// A shield that was put up and taken down in one breath stayed up: the second act overtook the first.
it('does what is asked of a room one after the other, whatever becomes of the first; other rooms do not wait', async () => {
  const { acts, begun, settle } = setUp();
  const first = acts.do(1, panic, 'a');
  const second = acts.do(1, calm, 'b');
  const elsewhere = acts.do(2, panic, 'c');
  await turn();
  expect(begun).toEqual(['panic in 1', 'panic in 2']);
  settle[0]?.(false);
  await expect(first).rejects.toMatchObject({ code: 'FORBIDDEN' });
  await turn();
  expect(begun.at(-1)).toBe('calm in 1');
  for (const each of settle) each(true);
  await Promise.all([second, elsewhere]);
  expect(acts.size).toBe(0);
});

it('lets nothing overtake what waits, also when the one before that is over', async () => {
  const { acts, begun, settle } = setUp();
  const [first, second] = [acts.do(1, panic, 'a'), acts.do(1, calm, 'b')];
  await turn();
  settle[0]?.(true);
  await first;
  await turn();
  const third = acts.do(1, panic, 'c');
  await turn();
  expect(begun).toEqual(['panic in 1', 'calm in 1']);
  settle[1]?.(true);
  await second;
  await turn();
  expect(begun).toHaveLength(3);
  settle[2]?.(true);
  await third;
});

it('ends what waits for a connection when the client is closed, and asks for nothing more', async () => {
  // Time stands still: nobody waits for the next look whether there is a connection.
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  const { acts, begun, end } = setUp({ ready: false, deadlineMs: Infinity });
  const waiting = acts.do(1, panic, 'a');
  await turn();
  end('CLOSED');
  await expect(waiting).rejects.toMatchObject({ code: 'CLOSED', retryable: false });
  expect(begun).toEqual([]);
});

// Each began to count when the one before it was over: the tenth that was asked for offline ended after twenty minutes.
it('gives up what waited for its turn until its deadline, without having it done', async () => {
  const clock = { ms: 0 };
  const { acts, begun, settle } = setUp({ now: () => clock.ms });
  const first = acts.do(1, panic, 'a');
  const second = acts.do(1, calm, 'b');
  await turn();
  clock.ms = 1_000;
  settle[0]?.(true);
  await first;
  await expect(second).rejects.toMatchObject({ code: 'DISCONNECTED', retryable: true });
  expect(begun).toEqual(['panic in 1']);
});
