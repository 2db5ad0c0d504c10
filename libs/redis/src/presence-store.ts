import type { RedisConnection } from './connections.js';
import type { RedisKeys } from './keys.js';
import { HEAD_FIELDS, standingHead } from './room-head.js';
import type { RoomPosition } from './room-head.js';
import { runScript } from './run-script.js';

/** A user as shown in member lists. */
export interface Member {
  readonly userId: number;
  readonly userName: string;
  /** He came by an invitation, without an account. */
  readonly guest?: true;
}

/** Begins the name of a guest in Redis. No name has it: it cannot be stored elsewhere. */
const GUEST_MARK = '\u0000';
const storedName = ({ userName, guest }: Member): string => (guest ? GUEST_MARK + userName : userName);

function memberOf(userId: number, stored: string): Member {
  const guest = stored.startsWith(GUEST_MARK);
  return { userId, userName: guest ? stored.slice(GUEST_MARK.length) : stored, ...(guest && { guest }) };
}

/** What an instance says about a room: changes, or everybody. */
export interface PresenceShare {
  /** `added` is everybody: who is not named has left. */
  readonly complete: boolean;
  readonly added: readonly Member[];
  /** Ignored when `complete`. */
  readonly removed: readonly number[];
}

export interface PresenceState {
  /** Users in the room, over all instances. */
  readonly members: number;
  /** Users in the room on this instance. */
  readonly here: number;
  /** The room's position after the report; undefined when Redis knows none. */
  readonly position: RoomPosition | undefined;
}

/** Users named to one script at the most: Redis serves nobody else while one runs. */
const USERS_PER_CALL = 500;

/**
 * Who is in which room, and on which instances. Every instance owns its share; nobody counts up or down.
 *
 * @see DESIGN.md, section 7, "Presence"
 */
export class PresenceStore {
  constructor(
    private readonly redis: RedisConnection,
    private readonly keys: RedisKeys,
  ) {}

  /**
   * Reports this instance's share of a room and reads the room's position, in this order. A large share is said in parts,
   * each of which leaves those who stay where they are; only one report of an instance and room may be under way.
   */
  async share(roomId: number, instanceId: string, share: PresenceShare): Promise<PresenceState> {
    const { complete, added } = share;
    const removed = complete ? await this.strangers(roomId, instanceId, added) : share.removed;
    const changes = [...added, ...removed];
    let state = await this.sharePart(roomId, instanceId, changes.slice(0, USERS_PER_CALL));
    for (let i = USERS_PER_CALL; i < changes.length; i += USERS_PER_CALL)
      state = await this.sharePart(roomId, instanceId, changes.slice(i, i + USERS_PER_CALL));
    return state;
  }

  /**
   * The exact number of members and the newest `limit` of them.
   *
   * @param unlessAbove - With more members than this none is listed.
   */
  async list(
    roomId: number,
    limit: number,
    unlessAbove = Number.MAX_SAFE_INTEGER,
  ): Promise<{ count: number; members: Member[] }> {
    const reply = (await runScript(
      this.redis,
      'listMembers',
      [this.keys.roomMembers(roomId), this.keys.roomNames(roomId)],
      [limit, unlessAbove],
    )) as [number, ...string[]];
    const [count, ...flat] = reply;
    const members: Member[] = [];
    for (let i = 0; i + 1 < flat.length; i += 2) members.push(memberOf(Number(flat[i]), String(flat[i + 1])));
    return { count, members };
  }

  /** Whether a user is in a room, on any instance. */
  async isMember(roomId: number, userId: number): Promise<boolean> {
    return (await this.redis.zscore(this.keys.roomMembers(roomId), userId)) !== null;
  }

  /** Exact numbers of members of several rooms, in their order; one command per shard, however many rooms. */
  async counts(roomIds: readonly number[]): Promise<number[]> {
    const byShard = new Map<number, number[]>();
    for (const roomId of roomIds) {
      const shard = this.keys.shardOf(roomId);
      byShard.set(shard, [...(byShard.get(shard) ?? []), roomId]);
    }
    const counts = new Map<number, number>();
    await Promise.all(
      [...byShard].map(async ([shard, ids]) => {
        const scores = await this.redis.zmscore(this.keys.shardOnline(shard), ...ids.map(String));
        for (const [i, roomId] of ids.entries()) counts.set(roomId, Number(scores[i] ?? 0));
      }),
    );
    return roomIds.map((roomId) => counts.get(roomId) ?? 0);
  }

  /** Every instance that holds members of any room, with the shards of those rooms; one command per shard. */
  async holders(): Promise<{ instanceId: string; shard: number }[]> {
    const pipeline = this.redis.pipeline();
    for (let shard = 0; shard < this.keys.shardCount; shard++)
      pipeline.smembers(this.keys.shardHolders(shard));
    const lists = unwrap(await pipeline.exec()) as string[][];
    return lists.flatMap((list, shard) => list.map((instanceId) => ({ instanceId, shard })));
  }

  /** Rooms of a shard in which an instance holds members: any `limit` of them. */
  async roomsOn(shard: number, instanceId: string, limit: number): Promise<number[]> {
    return (await this.redis.srandmember(this.keys.shardRoomsOn(shard, instanceId), limit)).map(Number);
  }

  /** Which instances hold members of each room, in the order of `roomIds`. */
  async instancesOfRooms(roomIds: readonly number[]): Promise<string[][]> {
    return this.fieldsOf(roomIds.map((roomId) => this.keys.roomInstances(roomId)));
  }

  /** Which instances hold connections of each user, in the order of `userIds`. */
  async instancesOfUsers(userIds: readonly number[]): Promise<string[][]> {
    return this.fieldsOf(userIds.map((userId) => this.keys.userInstances(userId)));
  }

  /** Removes a dead instance's share of a room; answers how many members went with it. */
  async dropInstance(roomId: number, instanceId: string): Promise<number> {
    const shard = this.keys.shardOf(roomId);
    const keys = [
      this.keys.roomInstances(roomId),
      this.keys.roomMembers(roomId),
      this.keys.roomNames(roomId),
      this.keys.shardOnline(shard),
      this.keys.shardRoomsOn(shard, instanceId),
      this.keys.shardHolders(shard),
    ];
    const args = [instanceId, this.keys.roomOnPrefix(roomId), roomId, USERS_PER_CALL];
    let dropped = 0;
    for (;;) {
      const [gone, left] = (await runScript(this.redis, 'dropInstance', keys, args)) as [number, number];
      dropped += gone;
      if (left === 0) return dropped;
    }
  }

  async dropUserInstance(userId: number, instanceId: string): Promise<void> {
    await this.redis.hdel(this.keys.userInstances(userId), instanceId);
  }

  /**
   * Says how many connections of each user this instance holds; 0 removes it. To be said again before `ttlMs` is over: what
   * nobody repeats was left by instances that were killed, about a user who did not come back.
   */
  async shareUsers(
    shares: readonly { readonly userId: number; readonly connections: number }[],
    instanceId: string,
    ttlMs: number,
  ): Promise<void> {
    const pipeline = this.redis.pipeline();
    for (const { userId, connections } of shares) {
      const key = this.keys.userInstances(userId);
      if (connections === 0) pipeline.hdel(key, instanceId);
      else pipeline.hset(key, instanceId, connections).pexpire(key, ttlMs);
    }
    unwrap(await pipeline.exec());
  }

  /** For each room: its position, this instance's reported users, and every instance that holds members. */
  async survey(
    roomIds: readonly number[],
    instanceId: string,
  ): Promise<{ position: RoomPosition | undefined; here: number; instances: string[] }[]> {
    const pipeline = this.redis.pipeline();
    for (const roomId of roomIds) {
      pipeline.hmget(this.keys.roomHead(roomId), ...HEAD_FIELDS);
      pipeline.hgetall(this.keys.roomInstances(roomId));
    }
    const shards = [...new Set(roomIds.map((roomId) => this.keys.shardOf(roomId)))];
    for (const shard of shards) pipeline.hget(this.keys.line(shard), 'generation');
    const replies = unwrap(await pipeline.exec());
    const generations = new Map(
      shards.map((shard, i) => [shard, replies[2 * roomIds.length + i] as string | null]),
    );
    return roomIds.map((roomId, i) => {
      const fields = replies[2 * i] as (string | null)[];
      const shares = replies[2 * i + 1] as Record<string, string>;
      return {
        position: standingHead(fields, generations.get(this.keys.shardOf(roomId))),
        here: Number(shares[instanceId] ?? 0),
        instances: Object.keys(shares),
      };
    });
  }

  /** Whom Redis lists for this instance although they are not among `present`. */
  private async strangers(
    roomId: number,
    instanceId: string,
    present: readonly Member[],
  ): Promise<readonly number[]> {
    const here = new Set(present.map(({ userId }) => userId));
    const strangers = new Set<number>();
    let cursor = '0';
    do {
      const [next, users] = await this.redis.sscan(
        this.keys.roomOnPrefix(roomId) + instanceId,
        cursor,
        'COUNT',
        USERS_PER_CALL,
      );
      for (const userId of users.map(Number)) if (!here.has(userId)) strangers.add(userId);
      cursor = next;
    } while (cursor !== '0');
    return [...strangers];
  }

  /** @param changes - Who has come, and the ids of those who have left. */
  private async sharePart(
    roomId: number,
    instanceId: string,
    changes: readonly (Member | number)[],
  ): Promise<PresenceState> {
    const added = changes.filter((change) => typeof change !== 'number');
    const removed = changes.filter((change) => typeof change === 'number');
    const shard = this.keys.shardOf(roomId);
    const [members, here, seq, epoch] = (await runScript(
      this.redis,
      'sharePresence',
      [
        this.keys.roomInstances(roomId),
        this.keys.roomMembers(roomId),
        this.keys.roomNames(roomId),
        this.keys.roomHead(roomId),
        this.keys.shardOnline(shard),
        this.keys.shardRoomsOn(shard, instanceId),
        this.keys.shardHolders(shard),
        this.keys.line(shard),
      ],
      [
        instanceId,
        this.keys.roomOnPrefix(roomId),
        roomId,
        added.length,
        ...added.flatMap((member) => [member.userId, storedName(member)]),
        ...removed,
      ],
    )) as [number, number, string | null, string | null];
    const position = seq !== null && epoch !== null ? { seq: Number(seq), epoch } : undefined;
    return { members, here, position };
  }

  private async fieldsOf(keys: readonly string[]): Promise<string[][]> {
    if (keys.length === 0) return [];
    const pipeline = this.redis.pipeline();
    for (const key of keys) pipeline.hkeys(key);
    return unwrap(await pipeline.exec()) as string[][];
  }
}

/** Replies of a pipeline; throws the first error, because half an answer is none here. */
function unwrap(results: [Error | null, unknown][] | null): unknown[] {
  if (!results) throw new Error('pipeline was discarded');
  return results.map(([error, reply]) => {
    if (error) throw error;
    return reply;
  });
}
