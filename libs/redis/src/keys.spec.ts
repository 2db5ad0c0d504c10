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

  // Other versions and other processes look for them under these names.
  it.each([
    [keys.shardCountKey(), 'p:shards'],
    [keys.roomHead(13), 'p:{s05}:room:13:head'],
    [keys.roomLog(13), 'p:{s05}:room:13:log'],
    [keys.roomSent(13, 7, 'x'), 'p:{s05}:room:13:sent:7:x'],
    [keys.roomRestoring(13), 'p:{s05}:room:13:restoring'],
    [keys.roomAhead(13, 7), 'p:{s05}:room:13:ahead:7'],
    [keys.roomInstances(13), 'p:{s05}:room:13:instances'],
    [keys.roomMembers(13), 'p:{s05}:room:13:members'],
    [keys.roomNames(13), 'p:{s05}:room:13:names'],
    [keys.roomOnPrefix(13), 'p:{s05}:room:13:on:'],
    [keys.shardOnline(5), 'p:{s05}:online'],
    [keys.shardRoomsOn(5, 'gw-1'), 'p:{s05}:rooms-on:gw-1'],
    [keys.shardHolders(5), 'p:{s05}:holders'],
    [keys.dispatch(5), 'p:{s05}:dispatch'],
    [keys.dispatchOf(5, 'life'), 'p:{s05}:dispatch-of:life'],
    [keys.dispatchOf(5, ''), 'p:{s05}:dispatch-of:unnamed'],
    [keys.hints(5, 'gw-1'), 'p:{s05}:hints:gw-1'],
    [keys.owner(5), 'p:{s05}:owner'],
    [keys.fence(5), 'p:{s05}:fence'],
    [keys.line(15), 'p:{s15}:line'],
    [keys.lineLives(), 'p:line:lives'],
    [keys.lineReports('r'), 'p:line:reports:r'],
    [keys.userInstances(7), 'p:user:7:instances'],
    [keys.revoked(), 'p:revoked'],
    [keys.database(), 'p:database'],
    [keys.databaseSwitch(), 'p:database:switch'],
    [keys.directoryVersion(), 'p:directory:version'],
    [keys.aside(), 'p:aside'],
    [keys.registry('logic'), 'p:registry:logic'],
    [keys.writeCheck('a'), 'p:write-check:a'],
    [keys.rpcRequests('logic', 'a'), 'p:rpc:logic:a'],
    [keys.rpcReplies('a'), 'p:rpc:reply:a'],
    [keys.events('revoked'), 'p:events:revoked'],
  ])('says %s', (name, pinned) => {
    expect(name).toBe(pinned);
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
