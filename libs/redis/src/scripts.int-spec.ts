import { sharedRedis, uniquePrefix } from '@parley/testing';
import { afterAll, describe, expect, it } from 'vitest';
import { acceptCall } from './accept-call.js';
import { scripts, type ScriptName } from './generated/scripts.js';
import { runScript } from './run-script.js';
import { connect, send, testKeys, testLimits } from './store.fixture.js';

afterAll(async () => (await sharedRedis()).stop());

/** Every script with harmless keys and arguments. A new script that is missing here does not compile. */
const keys = testKeys(uniquePrefix());
const room = [keys.roomInstances(1), keys.roomMembers(1), keys.roomNames(1)];
const shard = keys.shardOf(1);
const online = [keys.shardOnline(shard), keys.shardRoomsOn(shard, 'a'), keys.shardHolders(shard)];
const accepted = acceptCall(send('a', { roomId: 1 }), keys, testLimits);
const calls: Record<ScriptName, [readonly string[], readonly (string | number)[]]> = {
  acceptMessage: [accepted.keys, accepted.args],
  acquireLease: [
    [keys.owner(1), keys.fence(1)],
    ['a', 1_000, 0],
  ],
  adoptDatabase: [[keys.database()], ['', 'life', 0]],
  dropInstance: [
    [...room, ...online],
    ['a', keys.roomOnPrefix(1), 1, 500],
  ],
  heartbeatInstance: [[keys.registry('x')], ['a', '{}', 1_000, keys.events('x'), 10, 1_000]],
  listInstances: [[keys.registry('x')], [1_000, 1_000]],
  listMembers: [
    [keys.roomMembers(1), keys.roomNames(1)],
    [10, 10],
  ],
  proveLine: [[keys.line(1)], ['no such server', '', '', 0, '']],
  raiseDatabase: [[keys.database()], ['life', 1, 1, 1, 'token']],
  raiseHead: [[keys.roomHead(1)], ['ceiling', 10]],
  releaseLease: [[keys.owner(1)], ['a']],
  removeInstance: [[keys.registry('x')], ['a', keys.events('x')]],
  restoreHead: [
    [keys.roomHead(1), keys.line(keys.shardOf(1)), keys.roomLog(1), keys.roomFacts(1), keys.roomMarks(1)],
    ['e', 0, 10, 0, 100, '', 0, '', '', '', 0],
  ],
  sharePresence: [
    [...room, keys.roomHead(1), ...online, keys.line(shard)],
    ['a', keys.roomOnPrefix(1), 1, 1, 5, 'n'],
  ],
  surveyLine: [
    [keys.line(1), keys.dispatch(1)],
    [1_000, 100],
  ],
  swapDispatch: [[keys.dispatch(1), keys.line(1), keys.dispatchOf(1, 'a'), keys.dispatchOf(1, 'b')], ['b']],
  unloadRoom: [
    [
      keys.roomHead(1),
      keys.roomLog(1),
      keys.roomInstances(1),
      keys.dispatch(shard),
      keys.line(shard),
      keys.roomFacts(1),
      keys.roomMarks(1),
    ],
    [1_000, '', 0],
  ],
  trimDispatch: [[keys.dispatch(1)], [2]],
};

describe('every script', () => {
  it.each(Object.keys(scripts) as ScriptName[])('%s runs, and only on keys of one slot', async (name) => {
    const { main } = connect((await sharedRedis()).url);
    const [scriptKeys, args] = calls[name];
    expect(scriptKeys).toHaveLength(scripts[name].numberOfKeys);
    await runScript(main, name, scriptKeys, args);
    const slots = scriptKeys.map(hashTag);
    expect(new Set(slots).size).toBe(1);
  });
});

/** What Redis Cluster makes the slot of. */
function hashTag(key: string): string {
  return /\{([^}]+)\}/.exec(key)?.[1] ?? key;
}
