import { runScript, type RedisConnection } from './connections.js';
import { textDigest, type RedisKeys } from './keys.js';

/** Messages kept in a room's log, unless the archive is behind. */
const ROOM_LOG_LENGTH = 1_000;

/** A room's position: the last sequence number issued, and the line it belongs to. */
export interface RoomPosition {
  readonly seq: number;
  readonly epoch: string;
}

/** A message in a room's log. `body` is the delivered JSON without seq, epoch and closing brace. */
export interface LogEntry extends RoomPosition {
  readonly body: string;
}

export interface AcceptInput {
  readonly roomId: number;
  readonly senderId: number;
  readonly clientMsgId: string;
  readonly body: string;
  readonly text: string;
  /** Message id and time, repeated to whoever sends the same message again. */
  readonly id: string;
  readonly sentAt: number;
  readonly recipients?: readonly number[];
  /** When the `clientMsgId` was made, ms since 1970; 0 when the archive does not know it. */
  readonly clientMsgIdMs: number;
}

/** What the accept script answered; see `accept-message-4.lua`. */
export type AcceptOutcome =
  | { readonly kind: 'ok'; readonly seq: number; readonly epoch: string; readonly seqsLeft: number }
  | {
      readonly kind: 'duplicate';
      readonly seq: number;
      readonly epoch: string;
      readonly id: string;
      readonly sentAt: number;
      readonly sameText: boolean;
    }
  | { readonly kind: 'no-head' | 'ask-archive' | 'ceiling' | 'overloaded' };

/** Heads and logs of rooms. */
export class RoomStore {
  constructor(
    private readonly redis: RedisConnection,
    private readonly keys: RedisKeys,
    private readonly limits: { readonly dedupWindowMs: number; readonly maxPendingEntries: number },
  ) {}

  /** Accepts one message. Calls made in one turn are sent to Redis in the order made. */
  async accept(input: AcceptInput): Promise<AcceptOutcome> {
    const { roomId } = input;
    const digest = textDigest(input.text);
    const reply = (await runScript(
      this.redis,
      'acceptMessage',
      [
        this.keys.roomHead(roomId),
        this.keys.roomLog(roomId),
        this.keys.roomSent(roomId, input.senderId, input.clientMsgId),
        this.keys.dispatch(this.keys.shardOf(roomId)),
      ],
      [
        input.body,
        roomId,
        input.recipients?.join(',') ?? '',
        input.clientMsgIdMs,
        this.limits.dedupWindowMs,
        ROOM_LOG_LENGTH,
        this.limits.maxPendingEntries,
        `${digest}|${input.id}|${input.sentAt}`,
      ],
    )) as [string, number, string, number | string];
    const [kind, seq, epoch, last] = reply;
    if (kind === 'ok') return { kind, seq, epoch, seqsLeft: Number(last) };
    if (kind === 'duplicate') {
      const [sentDigest, id, sentAt] = String(last).split('|') as [string, string, string];
      return { kind, seq, epoch, id, sentAt: Number(sentAt), sameText: sentDigest === digest };
    }
    return { kind: kind as 'no-head' | 'ask-archive' | 'ceiling' | 'overloaded' };
  }

  /** The room's position, or undefined when Redis knows none. `floor`: this epoch's first seq is above it. */
  async head(roomId: number): Promise<(RoomPosition & { floor: number }) | undefined> {
    const [seq, epoch, floor] = await this.redis.hmget(this.keys.roomHead(roomId), 'seq', 'epoch', 'floor');
    return seq != null && epoch != null ? { seq: Number(seq), epoch, floor: Number(floor ?? 0) } : undefined;
  }

  /**
   * Gives the room a position when it has none.
   *
   * @param floor - The last seq that may ever have been issued; the next one is `floor + 1`.
   */
  async restoreHead(
    roomId: number,
    start: { epoch: string; floor: number; ceiling: number; archived: number; nowMs: number },
  ): Promise<RoomPosition & { created: boolean }> {
    const [seq, epoch, created] = (await runScript(
      this.redis,
      'restoreHead',
      [this.keys.roomHead(roomId)],
      [start.epoch, start.floor, start.ceiling, start.nowMs, start.archived],
    )) as [number, string, number];
    return { seq, epoch, created: created === 1 };
  }

  async raiseCeiling(roomId: number, ceiling: number): Promise<void> {
    await runScript(this.redis, 'raiseHead', [this.keys.roomHead(roomId)], ['ceiling', ceiling]);
  }

  /** Says that everything up to `seq` is in SQL, so that the log may drop it. */
  async markArchived(roomId: number, seq: number): Promise<void> {
    await runScript(this.redis, 'raiseHead', [this.keys.roomHead(roomId)], ['archived', seq]);
  }

  /**
   * Reads a range of the log, ascending.
   *
   * @param from - First seq, inclusive.
   * @param to - Last seq, inclusive; `undefined` for the end.
   * @returns What the log has of it: empty when it is trimmed or not there.
   */
  async range(roomId: number, from: number, to: number | undefined, count: number): Promise<LogEntry[]> {
    const rows = await this.redis.xrange(
      this.keys.roomLog(roomId),
      `${from}-0`,
      to === undefined ? '+' : `${to}-0`,
      'COUNT',
      count,
    );
    return rows.map(logEntry);
  }

  /** The newest `count` messages below `before` (exclusive; undefined for the end), ascending. */
  async newest(roomId: number, before: number | undefined, count: number): Promise<LogEntry[]> {
    if (before !== undefined && before <= 1) return [];
    const end = before === undefined ? '+' : `${before - 1}-0`;
    const rows = await this.redis.xrevrange(this.keys.roomLog(roomId), end, '-', 'COUNT', count);
    return rows.map(logEntry).reverse();
  }
}

function logEntry([id, fields]: [string, string[]]): LogEntry {
  // Written by the accept script alone, always in this order: e <epoch> b <body>.
  return { seq: Number(id.slice(0, id.indexOf('-'))), epoch: fields[1] ?? '', body: fields[3] ?? '' };
}
