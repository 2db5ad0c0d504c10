import type { Send } from '@parley/contracts';
import type { PublishPort } from './publish-coalescer.js';
import type { CallOptions } from './rpc-client.js';

/** A call that waits for the test's answer. */
export interface Call {
  readonly sends: readonly Send[];
  readonly apart: boolean | undefined;
  readonly mixed: boolean | undefined;
  readonly options: CallOptions;
  answer(results?: unknown[]): void;
  fail(error: unknown): void;
}

/**
 * A port that keeps every call until the test answers it.
 *
 * @param instanceFor - By default every room has an instance of its own.
 */
export function fakePort(instanceFor: (key: string) => string | undefined = (key) => key) {
  const calls: Call[] = [];
  const port = {
    instanceFor: (_contract: unknown, key: string) => instanceFor(key),
    call: (
      _contract: unknown,
      { sends, apart, mixed }: { sends: Send[]; apart?: boolean; mixed?: boolean },
      options: CallOptions,
    ) =>
      new Promise((resolve, reject) => {
        calls.push({
          sends,
          apart,
          mixed,
          options,
          answer: (results) =>
            resolve({
              results: results ?? sends.map((send) => ({ ok: true, ack: { id: send.clientMsgId } })),
            }),
          fail: reject,
        });
      }),
  } as unknown as PublishPort;
  return { calls, port };
}

export const from = { userId: 1, userName: 'ann' };
export const toRoom = (roomId: number, clientMsgId: string): Send => ({
  from,
  roomId,
  text: 'hi',
  clientMsgId,
});
export const turn = () => new Promise((resolve) => setImmediate(resolve));
export const ids = (call: Call | undefined) => call?.sends.map(({ clientMsgId }) => clientMsgId);
