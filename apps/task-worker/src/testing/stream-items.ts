import type { StreamItem } from '@parley/queue';

/** An item as the stream consumer hands it out; the shard is the room's last digit. */
export function item(
  roomId: number,
  seq: number,
  more: { fence?: number; recipients?: number[]; body?: string; epoch?: string; hinted?: boolean } = {},
): StreamItem {
  const { fence = 1, recipients, body = `{"msg":"m${seq}"`, epoch = 'e1', hinted = false } = more;
  return {
    shard: roomId % 10,
    fence,
    streamId: `${roomId}-${seq}`,
    hinted,
    entry: { roomId, seq, epoch, body, ...(recipients && { recipients }) },
  };
}
