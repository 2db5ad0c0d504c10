import { Op, type AckFrame, type ActInput } from '@parley/protocol';
import { expect, it } from 'vitest';
import { Acts } from './acts.js';
import { ClientError } from './client-error.js';

// A shield that was put up and taken down in one breath stayed up: the second act overtook the first.
it('does what is asked of a room one after the other, whatever becomes of the first; other rooms do not wait', async () => {
  const begun: string[] = [];
  const settle: ((ok: boolean) => void)[] = [];
  const acts = new Acts({
    ended: () => undefined,
    ready: () => true,
    send: (roomId, { act }, clientMsgId) =>
      new Promise<AckFrame>((resolve, reject) => {
        begun.push(`${act} in ${roomId}`);
        settle.push((ok) =>
          ok
            ? resolve({
                op: Op.ack,
                roomId,
                seq: 1,
                epoch: 'e',
                id: 'i',
                clientMsgId,
                sentAt: 0,
                duplicate: false,
              })
            : reject(new ClientError('FORBIDDEN', false)),
        );
      }),
    backoff: () => 0,
    now: () => 0,
    deadlineMs: 1_000,
  });
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  const panic: ActInput = { act: 'panic' };
  const calm: ActInput = { act: 'calm' };
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
