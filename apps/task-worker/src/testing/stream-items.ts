import type { StreamItem } from '@parley/queue';

/** An item as the stream consumer hands it out; the shard is the room's last digit. */
export function item(
  roomId: number,
  seq: number,
  more: { fence?: number; recipients?: number[]; body?: string; epoch?: string } = {},
): StreamItem {
  const { fence = 1, recipients, body = `{"msg":"m${seq}"`, epoch = 'e1' } = more;
  return {
    shard: roomId % 10,
    fence,
    streamId: `${roomId}-${seq}`,
    entry: { roomId, seq, epoch, body, ...(recipients && { recipients }) },
  };
}
