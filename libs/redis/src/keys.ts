import { hash } from 'node:crypto';

/** Which shard a room is on. Passed in, so that this module needs no arithmetic of its own. */
export interface ShardMap {
  readonly shardCount: number;
  shardOf(roomId: number): number;
}

/**
 * Builds every Redis key and channel of Parley, and nothing else does.
 *
 * Keys of one shard share the hash tag `{sNN}`, so that a script on a room and its dispatch stream touches one slot
 * and works on Redis Cluster.
 *
 * @see DESIGN.md, section 6; Redis Cluster specification, "Hash tags"
 */
export class RedisKeys {
  constructor(
    /** Put before every key and channel, e.g. `parley:`. */
    readonly prefix: string,
    private readonly shards: ShardMap,
  ) {}

  /** Number of shards that this process believes in. */
  get shardCount(): number {
    return this.shards.shardCount;
  }

  shardOf(roomId: number): number {
    return this.shards.shardOf(roomId);
  }

  /** The shard count that all processes agreed on. */
  shardCountKey(): string {
    return `${this.prefix}shards`;
  }

  roomHead(roomId: number): string {
    return this.room(roomId, 'head');
  }

  roomLog(roomId: number): string {
    return this.room(roomId, 'log');
  }

  /** De-dup record of one send. */
  roomSent(roomId: number, userId: number, clientMsgId: string): string {
    return this.room(roomId, `sent:${userId}:${clientMsgId}`);
  }

  /** There while one process gives the room a position. */
  roomRestoring(roomId: number): string {
    return this.room(roomId, 'restoring');
  }

  /** Mark of a sender whose ids come from the future. */
  roomAhead(roomId: number, userId: number): string {
    return this.room(roomId, `ahead:${userId}`);
  }

  /** What acts have made hold in the room (hash). */
  roomFacts(roomId: number): string {
    return this.room(roomId, 'facts');
  }

  /** What acts say of messages that the log has (hash: seq of the act → mark). */
  roomMarks(roomId: number): string {
    return this.room(roomId, 'marks');
  }

  /** There while somebody has to wait in slow mode. */
  roomSlow(roomId: number, userId: number): string {
    return this.room(roomId, `slow:${userId}`);
  }

  /** When those who wait to be let in were last heard of (sorted set: user id, scored by ms since 1970). */
  roomWaiting(roomId: number): string {
    return this.room(roomId, 'waiting');
  }

  roomInstances(roomId: number): string {
    return this.room(roomId, 'instances');
  }

  roomMembers(roomId: number): string {
    return this.room(roomId, 'members');
  }

  roomNames(roomId: number): string {
    return this.room(roomId, 'names');
  }

  /** Prefix of the sets that hold who is in the room on one instance; the instance id follows. */
  roomOnPrefix(roomId: number): string {
    return this.room(roomId, 'on:');
  }

  /** Rooms of a shard that have members (sorted set: room id, scored by their number). */
  shardOnline(shard: number): string {
    return this.shard(shard, 'online');
  }

  /** Rooms of a shard that have members on one instance (set of room ids). */
  shardRoomsOn(shard: number, instanceId: string): string {
    return this.shard(shard, `rooms-on:${instanceId}`);
  }

  /** Instances that have a set of {@link shardRoomsOn} (set). */
  shardHolders(shard: number): string {
    return this.shard(shard, 'holders');
  }

  dispatch(shard: number): string {
    return this.shard(shard, 'dispatch');
  }

  /** Channel on which one instance hears at once of what is accepted in a shard's rooms that it holds. */
  hints(shard: number, instanceId: string): string {
    return this.hintsPrefix(shard) + instanceId;
  }

  /** Prefix of {@link hints}; the instance id follows. */
  hintsPrefix(shard: number): string {
    return this.shard(shard, 'hints:');
  }

  owner(shard: number): string {
    return this.shard(shard, 'owner');
  }

  fence(shard: number): string {
    return this.shard(shard, 'fence');
  }

  /** What is known of a shard's unbroken life (hash); see ADR 0012. */
  line(shard: number): string {
    return this.shard(shard, 'line');
  }

  /** Lives that accept messages (hash: life → beats). */
  lineLives(): string {
    return `${this.prefix}line:lives`;
  }

  /** What each life knows, said to one server (hash: life → report). */
  lineReports(serverId: string): string {
    return `${this.prefix}line:reports:${serverId}`;
  }

  /** Instances that hold connections of a user (hash: instance → connections). */
  userInstances(userId: number): string {
    return `${this.prefix}user:${userId}:instances`;
  }

  /** Sessions logged out before their token expires (sorted set: session → token expiry, ms). */
  revoked(): string {
    return `${this.prefix}revoked`;
  }

  /** Which database Redis belongs to (hash). */
  database(): string {
    return `${this.prefix}database`;
  }

  /** There while one process switches Redis to another database, or to a new life of its own. */
  databaseSwitch(): string {
    return `${this.prefix}database:switch`;
  }

  /** Entries of a dispatch stream that are kept for another database. @param life - Its life; '' before it had a name. */
  dispatchOf(shard: number, life: string): string {
    return this.shard(shard, `dispatch-of:${life || 'unnamed'}`);
  }

  /** The version of the list of rooms: how often changes of it were told. */
  directoryVersion(): string {
    return `${this.prefix}directory:version`;
  }

  /** Entries that could not be archived (stream: reason, entry as JSON). */
  aside(): string {
    return `${this.prefix}aside`;
  }

  registry(service: string): string {
    return `${this.prefix}registry:${service}`;
  }

  /** Written by an instance to see whether it can. */
  writeCheck(instanceId: string): string {
    return `${this.prefix}write-check:${instanceId}`;
  }

  rpcRequests(service: string, instanceId: string): string {
    return `${this.prefix}rpc:${service}:${instanceId}`;
  }

  rpcReplies(instanceId: string): string {
    return `${this.prefix}rpc:reply:${instanceId}`;
  }

  /** Channel of one kind of hint: `registry:<service>`, `revoked`, `presence`, `room`, `lobby`, `read`, `directory`. */
  events(kind: string): string {
    return `${this.prefix}events:${kind}`;
  }

  private shard(shard: number, name: string): string {
    return `${this.prefix}{s${String(shard).padStart(2, '0')}}:${name}`;
  }

  private room(roomId: number, name: string): string {
    return this.shard(this.shards.shardOf(roomId), `room:${roomId}:${name}`);
  }
}

/** Short digest of a text, to tell a repeated send from another one under the same id. Not for security. */
export function textDigest(text: string): string {
  return hash('sha1', text, 'base64url').slice(0, 12);
}
