import type { KnownLife } from '@parley/redis';
import type { SqlLife } from './database-life.repository.js';

/**
 * What SQL is to Redis. `new`: Redis belongs to none yet. `behind`: SQL has less than it once had. `renewed`: it had, and has
 * got its new name. `forked`: a copy of the database went on apart. `other`: any other database.
 */
export type DatabaseVerdict = 'same' | 'new' | 'behind' | 'renewed' | 'forked' | 'other';

/** @param isUsed - Messages have been accepted on this Redis, for whatever database. */
export function judgeDatabase(known: KnownLife, sql: SqlLife, isUsed: boolean): DatabaseVerdict {
  if (known.life === '') {
    // Nobody has ever served this database, so the messages of a Redis from before databases had names are not its own.
    const isOfAnother = isUsed && sql.beat === 0 && !sql.unnamedTokens;
    return isOfAnother ? 'other' : 'new';
  }
  if (known.life !== sql.life) return sql.parent === known.life ? 'renewed' : 'other';
  if (sql.beat < known.beat) return 'behind';
  // Tokens of long ago are not kept.
  if (known.beat > 0 && sql.tokenAt !== undefined && sql.tokenAt !== known.beatToken) return 'forked';
  return 'same';
}
