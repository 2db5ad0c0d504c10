import { describe, expect, it } from 'vitest';
import { RedisKeys, textDigest } from './keys.js';

const keys = new RedisKeys('p:', { shardCount: 8, shardOf: (roomId) => roomId % 8 });
/** What Redis Cluster hashes: the text between the first `{` and the next `}`. */
const hashTag = (key: string) => /\{([^}]+)\}/.exec(key)?.[1];

describe('RedisKeys', () => {
  it("gives all of a room's keys, and its shard's, one hash tag", () => {
    const roomKeys = [
      keys.roomHead(13),
      keys.roomLog(13),
      // A client chooses this id.
      keys.roomSent(13, 7, 'x'),
      keys.roomAhead(13, 7),
      keys.roomInstances(13),
      keys.roomMembers(13),
      keys.roomNames(13),
      `${keys.roomOnPrefix(13)}gw-1`,
    ];
    const shard = keys.shardOf(13);
    const shardKeys = [
      keys.dispatch(shard),
      keys.owner(shard),
      keys.fence(shard),
      keys.line(shard),
      keys.shardOnline(shard),
      keys.shardRoomsOn(shard, 'gw-1'),
      keys.shardHolders(shard),
    ];
    const all = [...roomKeys, ...shardKeys];
    expect(new Set(all.map(hashTag))).toEqual(new Set(['s05']));
    expect(new Set(all).size).toBe(all.length);
  });

  it('pins the names: they are stored', () => {
    expect(keys.roomHead(13)).toBe('p:{s05}:room:13:head');
    expect(keys.roomSent(13, 7, 'x')).toBe('p:{s05}:room:13:sent:7:x');
    expect(keys.dispatch(5)).toBe('p:{s05}:dispatch');
  });

  it('puts the prefix before every key and channel', () => {
    const all = [
      keys.shardCountKey(),
      keys.roomHead(1),
      keys.dispatch(1),
      keys.userInstances(1),
      keys.revoked(),
      keys.lineLives(),
      keys.lineReports('r'),
      keys.registry('logic'),
      keys.rpcRequests('logic', 'a'),
      keys.rpcReplies('a'),
      keys.events('revoked'),
    ];
    expect(all.filter((key) => !key.startsWith('p:'))).toEqual([]);
    expect(new Set(all).size).toBe(all.length);
  });

  it('keeps rooms and users apart', () => {
    expect(keys.roomHead(5)).not.toBe(keys.roomHead(13));
    expect(keys.roomSent(1, 11, '1')).not.toBe(keys.roomSent(1, 1, '11'));
  });
});

describe('textDigest', () => {
  it('tells texts apart and holds no separator of the record it is stored in', () => {
    expect(textDigest('a')).not.toBe(textDigest('a '));
    expect(textDigest('a')).toBe(textDigest('a'));
    expect(textDigest('ж👍')).toMatch(/^[\w-]{12}$/);
  });
});
