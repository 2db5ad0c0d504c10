import type { RedisConnection } from './connections.js';
import type { RedisKeys } from './keys.js';
import { runScript } from './run-script.js';

/** Highest ids that were issued; 0 for none. */
export interface IssuedIds {
  readonly users: number;
  readonly rooms: number;
}

/** What Redis knows of the database it belongs to. */
export interface KnownLife {
  /** Names the database's unbroken life; '' when Redis belongs to none yet. */
  readonly life: string;
  /** Whether tokens that name no database are of this life: they were issued before databases had names. */
  readonly unnamedTokens: boolean;
  /** The newest beat that SQL had surely committed; 0 for none. */
  readonly beat: number;
  readonly beatToken: string;
  /** Of all lives that Redis has known. */
  readonly everIssued: IssuedIds;
}

/** A switch to another database takes far less, milliseconds. */
const SWITCH_LOCK_MS = 30_000;

/** Which database Redis belongs to, and the streams that it keeps for others. See ADR 0014. */
export class DatabaseLifeStore {
  constructor(
    private readonly redis: RedisConnection,
    private readonly keys: RedisKeys,
  ) {}

  async read(): Promise<KnownLife> {
    const hash = await this.redis.hgetall(this.keys.database());
    return {
      life: hash['life'] ?? '',
      unnamedTokens: hash['unnamed'] === '1',
      beat: Number(hash['beat'] ?? 0),
      beatToken: hash['token'] ?? '',
      everIssued: { users: Number(hash['users'] ?? 0), rooms: Number(hash['rooms'] ?? 0) },
    };
  }

  /** @returns Whether Redis belonged to `from`, '' being none, and belongs to `to` now. */
  async adopt(from: string, to: string, unnamedTokens: boolean): Promise<boolean> {
    const args = [from, to, unnamedTokens ? 1 : 0];
    return (await runScript(this.redis, 'adoptDatabase', [this.keys.database()], args)) === 1;
  }

  /** Remembers a beat and ids that SQL has committed. @returns false when Redis does not belong to this life. */
  async raise(
    { life, beat, beatToken }: Pick<KnownLife, 'life' | 'beat' | 'beatToken'>,
    { users = 0, rooms = 0 }: Partial<IssuedIds>,
  ): Promise<boolean> {
    const args = [life, users, rooms, beat, beatToken];
    return (await runScript(this.redis, 'raiseDatabase', [this.keys.database()], args)) === 1;
  }

  /**
   * Keeps the entries of the dispatch streams for the database that they are of, and brings back those of another one. To be
   * repeated when it fails; nobody may accept messages meanwhile.
   */
  async swapStreams(from: string, to: string): Promise<{ aside: number; back: number }> {
    let [aside, back] = [0, 0];
    for (let shard = 0; shard < this.keys.shardCount; shard++) {
      const keys = [
        this.keys.dispatch(shard),
        this.keys.line(shard),
        this.keys.dispatchOf(shard, from),
        this.keys.dispatchOf(shard, to),
      ];
      const [put, brought] = (await runScript(this.redis, 'swapDispatch', keys, [to])) as [number, number];
      aside += put;
      back += brought;
    }
    return { aside, back };
  }

  /** Whether this caller may switch now; one does at a time. @param owner - Whoever asks. */
  async lock(owner: string): Promise<boolean> {
    return (
      (await this.redis.set(this.keys.databaseSwitch(), `${owner}|`, 'PX', SWITCH_LOCK_MS, 'NX')) === 'OK'
    );
  }

  async unlock(owner: string): Promise<void> {
    await runScript(this.redis, 'releaseLease', [this.keys.databaseSwitch()], [owner]);
  }
}
