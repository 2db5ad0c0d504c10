import { describe, expect, it, vi } from 'vitest';
import type { RedisConnection } from './connections.js';
import { DirectHints } from './direct-hints.js';
import { parseHint, parseTraceNote } from './hint.js';
import { RedisKeys } from './keys.js';

const message = { roomId: 8, seq: 3, epoch: 'e1', body: '{"msg":"hi"', recipients: [1, 2] };

function setUp(instances: string[][], answer: () => Promise<number> = () => Promise.resolve(1)) {
  const publish = vi.fn<(channel: string, text: string) => Promise<number>>(answer);
  const instancesOfUsers = vi.fn<(userIds: readonly number[]) => Promise<string[][]>>(() =>
    Promise.resolve(instances),
  );
  const keys = new RedisKeys('p:', { shardCount: 3, shardOf: (roomId) => roomId % 3 });
  const hints = new DirectHints({ publish } as unknown as RedisConnection, keys, { instancesOfUsers });
  return { hints, publish, instancesOfUsers };
}

describe('DirectHints', () => {
  it('tells each gateway that one of the two is connected to, once, on the channel of the conversation', async () => {
    const { hints, publish, instancesOfUsers } = setUp([['gw-1', 'gw-2'], ['gw-1']]);
    await hints.send(message);
    expect(instancesOfUsers.mock.calls).toEqual([[[1, 2]]]);
    expect(publish.mock.calls.map(([channel, text]) => [channel, parseHint(text)])).toEqual([
      ['p:{s02}:hints:gw-1', message],
      ['p:{s02}:hints:gw-2', message],
    ]);
  });

  it('says before it what it is part of, when it is traced', async () => {
    const { hints, publish } = setUp([['gw-1'], ['gw-2']]);
    const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
    await hints.send({ ...message, traceparent });
    const texts = publish.mock.calls.map(([channel, text]) => [channel.slice(-4), text.split('|')[0]]);
    expect(texts).toEqual([
      ['gw-1', 'trace'],
      ['gw-1', '8'],
      ['gw-2', 'trace'],
      ['gw-2', '8'],
    ]);
    expect(parseTraceNote(String(publish.mock.calls[0]?.[1]))).toEqual({ roomId: 8, seq: 3, traceparent });
    expect(String(publish.mock.calls[1]?.[1])).not.toContain(traceparent);
  });

  it('tells nobody when neither is connected', async () => {
    const { hints, publish } = setUp([[], []]);
    await hints.send(message);
    expect(publish).not.toHaveBeenCalled();
  });

  it('is done when Redis has taken it, and says when Redis could not', async () => {
    const { hints } = setUp([['gw-1']], () => Promise.reject(new Error('away')));
    await expect(hints.send(message)).rejects.toThrow('away');
  });
});
