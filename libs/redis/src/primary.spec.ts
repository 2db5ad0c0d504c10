import { describe, expect, it } from 'vitest';
import { judgeServer, whyRefused } from './primary.js';

describe('judgeServer', () => {
  it.each([
    ["READONLY You can't write against a read only replica.", 'Redis and Valkey, a command'],
    [
      "READONLY You can't write against a read only replica. script: 5f2c, on @user_script:36.",
      'Redis 7, Valkey: a script',
    ],
    [
      "ERR Error running script (call to f_5f2c): @user_script:36: @user_script: 36: -READONLY You can't write against a read only replica.",
      'Redis 6: a script',
    ],
    ['READONLY Can not run script with write flag on readonly replica.', 'Redis 7: a script with flags'],
    ["MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.", 'no primary'],
    [
      'UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)',
      'a blocked read',
    ],
    ['LOADING Redis is loading the dataset in memory', 'Redis'],
    ['LOADING Valkey is loading the dataset in memory', 'Valkey'],
    [
      'ERR WAIT cannot be used with replica instances. Please also note that since Redis 4.0 if a replica is configured to be writable (which is not the default) writes to replicas are just local and are not propagated.',
      'WAIT',
    ],
  ])('%s', (message) => expect(judgeServer(message)).toBe('not-primary'));

  it('tells a primary that is cut off, and errors that are about the command', () => {
    expect(judgeServer('NOREPLICAS Not enough good replicas to write.')).toBe('cut-off');
    for (const message of [
      'ERR syntax error',
      'NOGROUP No such key',
      "OOM command not allowed when used memory > 'maxmemory'.",
      'ERR READONLY is no word here',
    ])
      expect(judgeServer(message)).toBeUndefined();
  });
});

it('says why writes are refused without repeating what the server says', () => {
  const told = Object.entries({
    READONLY: 'read-only replica',
    MASTERDOWN: 'replica without a primary',
    LOADING: 'loading its data',
    NOREPLICAS: 'too few replicas for a write',
    OOM: 'out of memory',
    MISCONF: 'cannot write its files',
    NOAUTH: 'asks for a password',
    WRONGPASS: 'wrong password',
    NOPERM: 'may not write',
    BUSY: 'busy with a script',
    CLUSTERDOWN: 'cluster is down',
    ERR: 'refuses writes',
  });
  for (const [code, reason] of told) {
    expect(whyRefused(`${code} something with redis://:secret@host`)).toBe(reason);
    expect(whyRefused(`-${code} from a script`)).toBe(reason);
  }
  for (const other of ['', 'no code', 'OOM', 'x OOM is no word here'])
    expect(whyRefused(other)).toBe('refuses writes');
});
