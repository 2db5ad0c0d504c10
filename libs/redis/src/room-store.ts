import { markText, parseMark, withTombstones, type Mark } from '@parley/contracts';
import type { RoomFacts } from '@parley/protocol';
import { acceptCall, acceptOutcome, type AcceptLimits } from './accept-call.js';
import type { AcceptInput, AcceptOutcome, LinePosition } from './accept-terms.js';
import type { RedisConnection } from './connections.js';
import type { RedisKeys } from './keys.js';
import { HEAD_FIELDS, standingHead, type RoomHead, type RoomPosition } from './room-head.js';
import { runScript, runScriptForEach } from './run-script.js';

/** Messages accepted in one call: what else Redis has to do waits for less than a millisecond. */
const MAX_PER_CALL = 16;

/** A message in a room's log. `body` is the delivered JSON without seq, epoch and closing brace. */
export interface LogEntry extends RoomPosition {
  readonly body: string;
  /** Of an act: who did it, whatever the body says. */
  readonly actorId?: number;
}

/** For how long what a restore is made of is good: others may have used the room since, and it may have left Redis again. */
export interface GoodWhile {
  /** The generation of the shard in which it was read, or that a kept position is of. */
  readonly generation: string;
  /** The position must be in force by then, by Redis's clock; ms since 1970. */
  readonly untilMs: number;
}

/** What a room's new epoch starts from. */
export interface RoomStart {
  readonly epoch: string;
  /** The last seq that may ever have been issued; the next one is `floor + 1`. */
  readonly floor: number;
  readonly ceiling: number;
  readonly archived: number;
  /** @defaultValue always */
  readonly goodWhile?: GoodWhile | undefined;
  /** SQL has kept the position while the room was not in Redis, and `epoch` goes on: its first seq is above this. */
  readonly keptFloor?: number | undefined;
  /** What holds in the room, as far as SQL knows; `v` is the seq of the last act that it has. @defaultValue nothing */
  readonly facts?: RoomFacts | undefined;
  /** Marks that SQL has of messages that the log may hold. @defaultValue none */
  readonly marks?: readonly Mark[] | undefined;
  /** A position that was seen: when the head is below it in the same epoch, that epoch has ended. */
  readonly seen?: RoomPosition | undefined;
}

/** Heads and logs of rooms. */
export class RoomStore {
  private appended: ((roomId: number, line: LinePosition) => void) | undefined;

  constructor(
    private readonly redis: RedisConnection,
    private readonly keys: RedisKeys,
    private readonly limits: AcceptLimits,
  ) {}

  /** Tells of every message that was appended, before it is acknowledged, and also if it never will be. */
  onAppended(listener: (roomId: number, line: LinePosition) => void): void {
    this.appended = listener;
  }

  /** Accepts one message. Calls made in one turn are sent to Redis in the order made. */
  async accept(input: AcceptInput): Promise<AcceptOutcome> {
    const { keys, args } = acceptCall(input, this.keys, this.limits);
    return this.outcome(await runScript(this.redis, 'acceptMessage', keys, args), input);
  }

  /**
   * Accepts messages, as {@link accept} does each of them, in their order.
   *
   * @returns What became of each; an error where that is not known.
   */
  async acceptAll(inputs: readonly AcceptInput[]): Promise<(AcceptOutcome | Error)[]> {
    const parts: AcceptInput[][] = [];
    for (let i = 0; i < inputs.length; i += MAX_PER_CALL) parts.push(inputs.slice(i, i + MAX_PER_CALL));
    // Begun in one turn: they reach Redis in this order.
    return (await Promise.all(parts.map((part) => this.acceptPart(part)))).flat();
  }

  private async acceptPart(inputs: readonly AcceptInput[]): Promise<(AcceptOutcome | Error)[]> {
    try {
      const [only] = inputs;
      if (only && inputs.length === 1) return [await this.accept(only)];
      const calls = inputs.map((input) => acceptCall(input, this.keys, this.limits));
      const replies = await runScriptForEach(this.redis, 'acceptMessage', calls);
      return inputs.map((input, i) =>
        replies[i] instanceof Error ? replies[i] : this.outcome(replies[i], input),
      );
    } catch (error) {
      return inputs.map(() => error as Error);
    }
  }

  private outcome(reply: unknown, input: AcceptInput): AcceptOutcome {
    const outcome = acceptOutcome(reply, input);
    if (outcome.kind === 'ok') this.appended?.(input.roomId, outcome.line);
    return outcome;
  }

  /** The room's position, or undefined when Redis knows none, or only one of an ended generation. */
  async head(roomId: number): Promise<RoomHead | undefined> {
    const [fields, generation] = await Promise.all([
      this.redis.hmget(this.keys.roomHead(roomId), ...HEAD_FIELDS),
      this.redis.hget(this.keys.line(this.keys.shardOf(roomId)), 'generation'),
    ]);
    return standingHead(fields, generation);
  }

  /** The room's last seq and how far it is archived, whether or not its epoch stands; 0 for what Redis does not know. */
  async watermarks(roomId: number): Promise<{ seq: number; archived: number }> {
    const [seq, archived] = await this.redis.hmget(this.keys.roomHead(roomId), 'seq', 'archived');
    return { seq: Number(seq ?? 0), archived: Number(archived ?? 0) };
  }

  /** Whether this caller is the one to restore the room now. Saves work; {@link restoreHead} is right without it. */
  async takeRestoreTurn(roomId: number, turnMs: number): Promise<boolean> {
    return (await this.redis.set(this.keys.roomRestoring(roomId), '1', 'PX', turnMs, 'NX')) === 'OK';
  }

  /** Gives the turn to whoever comes next. */
  async endRestoreTurn(roomId: number): Promise<void> {
    await this.redis.del(this.keys.roomRestoring(roomId));
  }

  /**
   * Gives the room a position when it has none that stands.
   *
   * @returns The position in force; 'unproven' when the shard's line has to be proven first; 'late' when `start` was read too
   *   long ago, 'ended' when it was in another generation, or when Redis knows more than what SQL has kept.
   */
  async restoreHead(
    roomId: number,
    start: RoomStart,
  ): Promise<(RoomHead & { readonly created: boolean }) | 'unproven' | 'late' | 'ended'> {
    const facts = [...(start.facts ?? [])];
    const [seq, epoch, floor, created] = (await runScript(
      this.redis,
      'restoreHead',
      [
        this.keys.roomHead(roomId),
        this.keys.line(this.keys.shardOf(roomId)),
        this.keys.roomLog(roomId),
        this.keys.roomFacts(roomId),
        this.keys.roomMarks(roomId),
      ],
      [
        start.epoch,
        start.floor,
        start.ceiling,
        start.archived,
        this.limits.recentFutureMs,
        start.seen?.epoch ?? '',
        start.seen?.seq ?? 0,
        start.goodWhile?.untilMs ?? '',
        start.goodWhile?.generation ?? '',
        start.keptFloor ?? '',
        facts.length,
        ...facts.flat(),
        ...(start.marks ?? []).flatMap((mark) => [mark.seq, markText(mark)]),
      ],
    )) as [number | 'unproven' | 'late' | 'ended', string, number, number];
    if (typeof seq === 'string') return seq;
    return { seq, epoch, floor, created: created === 1 };
  }

  /** The generation of the room's shard; '' before the first one began. */
  async generation(roomId: number): Promise<string> {
    return (await this.redis.hget(this.keys.line(this.keys.shardOf(roomId)), 'generation')) ?? '';
  }

  /** Redis's clock, milliseconds since 1970. */
  async nowMs(): Promise<number> {
    const [seconds, micros] = await this.redis.time();
    return Number(seconds) * 1_000 + Math.floor(Number(micros) / 1_000);
  }

  async raiseCeiling(roomId: number, ceiling: number): Promise<void> {
    await runScript(this.redis, 'raiseHead', [this.keys.roomHead(roomId)], ['ceiling', ceiling]);
  }

  /** Says that everything up to `seq` is in SQL, so that the log may drop it. */
  async markArchived(roomId: number, seq: number): Promise<void> {
    await runScript(this.redis, 'raiseHead', [this.keys.roomHead(roomId)], ['archived', seq]);
  }

  /** What acts have made hold in the room, with `v`; empty for most rooms. */
  async facts(roomId: number): Promise<RoomFacts> {
    return new Map(Object.entries(await this.redis.hgetall(this.keys.roomFacts(roomId))));
  }

  /** Some of the facts of rooms: values in the order of the names, undefined for what is not there. */
  async someFacts(
    asks: readonly { readonly roomId: number; readonly names: readonly string[] }[],
  ): Promise<(string | undefined)[][]> {
    const pipeline = this.redis.pipeline();
    for (const { roomId, names } of asks) pipeline.hmget(this.keys.roomFacts(roomId), ...names);
    const replies = (await pipeline.exec()) ?? [];
    return replies.map(([error, values]) => {
      if (error) throw error;
      return (values as (string | null)[]).map((value) => value ?? undefined);
    });
  }

  /** What acts say of messages that the log has, ascending. */
  async marks(roomId: number): Promise<Mark[]> {
    return marksOf(await this.redis.hgetall(this.keys.roomMarks(roomId)));
  }

  /**
   * Reads a range of the log, ascending, with tombstones where texts are hidden.
   *
   * @param from - First seq, inclusive.
   * @param to - Last seq, inclusive; `undefined` for the end.
   * @returns What the log has of it: empty when it is trimmed or not there.
   */
  async range(roomId: number, from: number, to: number | undefined, count: number): Promise<LogEntry[]> {
    return this.readable(roomId, (pipeline, key) =>
      pipeline.xrange(key, `${from}-0`, to === undefined ? '+' : `${to}-0`, 'COUNT', count),
    );
  }

  /** The newest `count` messages below `before` (exclusive; undefined for the end), ascending; tombstones as in {@link range}. */
  async newest(roomId: number, before: number | undefined, count: number): Promise<LogEntry[]> {
    if (before !== undefined && before <= 1) return [];
    const end = before === undefined ? '+' : `${before - 1}-0`;
    const entries = await this.readable(roomId, (pipeline, key) =>
      pipeline.xrevrange(key, end, '-', 'COUNT', count),
    );
    return entries.reverse();
  }

  /** Takes everything up to `seq` out of the log: it is to be read from the archive, which must have it. */
  async dropFromLog(roomId: number, seq: number): Promise<void> {
    await this.redis.xtrim(this.keys.roomLog(roomId), 'MINID', `${seq + 1}-0`);
  }

  /** As {@link range}, with the texts that are hidden: for who compares them, and shows nobody. */
  async originals(roomId: number, from: number, to: number | undefined, count: number): Promise<LogEntry[]> {
    const end = to === undefined ? '+' : `${to}-0`;
    const rows = await this.redis.xrange(this.keys.roomLog(roomId), `${from}-0`, end, 'COUNT', count);
    return rows.map(logEntry);
  }

  /** Marks are read behind the log: what is hidden when the log is read is hidden in the answer. */
  private async readable(
    roomId: number,
    read: (pipeline: ReturnType<RedisConnection['pipeline']>, key: string) => void,
  ): Promise<LogEntry[]> {
    const pipeline = this.redis.pipeline();
    read(pipeline, this.keys.roomLog(roomId));
    pipeline.hgetall(this.keys.roomMarks(roomId));
    const [rows, marks] = ((await pipeline.exec()) ?? []).map(([error, reply]) => {
      if (error) throw error;
      return reply;
    });
    const entries = (rows as [string, string[]][]).map(logEntry);
    return withTombstones(entries, marksOf(marks as Record<string, string>));
  }
}

function marksOf(fields: Readonly<Record<string, string>>): Mark[] {
  return Object.entries(fields)
    .flatMap(([seq, text]) => parseMark(Number(seq), text) ?? [])
    .sort((a, b) => a.seq - b.seq);
}

function logEntry([id, fields]: [string, string[]]): LogEntry {
  // Written by the accept script alone, always in this order: e <epoch> b <body>, and of an act a <who acts>.
  return {
    seq: Number(id.slice(0, id.indexOf('-'))),
    epoch: fields[1] ?? '',
    body: fields[3] ?? '',
    ...(fields[5] !== undefined && { actorId: Number(fields[5]) }),
  };
}
