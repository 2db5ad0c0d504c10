import { actSchema, limits } from '@parley/protocol';
import { describe, expect, it } from 'vitest';
import { messageIn } from './command-line.js';
import { decideByName } from './decide-by-name.js';
import { readCommand, slashCommands } from './slash-commands.js';

const people = new Map([
  ['ada', 1],
  ['li wei', 2],
]);
const context = {
  userOf: (name: string) => {
    const userId = people.get(name.toLowerCase());
    return userId === undefined ? undefined : { userId, userName: name };
  },
};
const read = (typed: string) => readCommand(typed, context);
const act = (made: object) => ({ kind: 'act', act: made });

it('tells messages from commands, known or not', () => {
  expect(messageIn('hello')).toBe('hello');
  expect(messageIn('//kick ada')).toBe('/kick ada');
  expect(messageIn('/usr/bin')).toBe('/usr/bin');
  expect(messageIn('/')).toBe('/');
  for (const line of ['/kick ada', '/kcik ada', '/help', '/me waves', '/kick\nada'])
    expect(messageIn(line)).toBeUndefined();
});

describe('readCommand', () => {
  it.each([
    ['/timeout ada', { act: 'timeout', userId: 1, seconds: 600 }],
    ['/TIMEOUT @Ada 30 too loud', { act: 'timeout', userId: 1, seconds: 30, reason: 'too loud' }],
    ['/timeout "Li Wei" spam', { act: 'timeout', userId: 2, seconds: 600, reason: 'spam' }],
    ['/untimeout ada', { act: 'untimeout', userId: 1 }],
    ['/ban ada enough', { act: 'ban', userId: 1, reason: 'enough' }],
    ['/unban ada', { act: 'unban', userId: 1 }],
    ['/kick ada', { act: 'kick', userId: 1 }],
    ['/mod ada', { act: 'role', userId: 1, role: 'moderator' }],
    ['/unmod ada', { act: 'role', userId: 1, role: 'member' }],
    ['/voice ada', { act: 'role', userId: 1, role: 'speaker' }],
    ['/slow', { act: 'settings', slowModeWaitTime: 30 }],
    ['/slow 5', { act: 'settings', slowModeWaitTime: 5 }],
    ['/slowoff', { act: 'settings', slowModeWaitTime: 0 }],
    ['/hosts', { act: 'settings', mode: 'hosts' }],
    ['/hostsoff', { act: 'settings', mode: 'everyone' }],
    ['/clear ada 300', { act: 'delete', userId: 1, lastSeconds: 300 }],
    ['/delete 42', { act: 'delete', seq: 42 }],
    ['/pin 42', { act: 'pin', seq: 42 }],
    ['/announce We begin\nnow', { act: 'announce', msg: 'We begin\nnow' }],
    ['/shield', { act: 'panic', hideLastSeconds: 60 }],
    ['/shieldoff', { act: 'calm', restore: false }],
    ['/lobby on', { act: 'settings', guestPolicy: 'ASK_MODERATOR' }],
    ['/lobby OFF', { act: 'settings', guestPolicy: 'ALWAYS_ACCEPT' }],
  ])('takes %s for an act that a server takes', (typed, made) => {
    const command = read(typed);
    expect(command).toEqual(act(made));
    expect(actSchema.safeParse(made).success).toBe(true);
  });

  it.each([
    ['hello', 'hello'],
    ['//shrug', '/shrug'],
    ['/ a slash', '/ a slash'],
    ['/42', '/42'],
    ['1/2', '1/2'],
    ['/me waves', '* waves'],
    ['  indented', '  indented'],
  ])('takes %s for a message', (typed, text) => expect(read(typed)).toEqual({ kind: 'text', text }));

  it('never takes for a message what it does not know', () => {
    expect(read('/tiemout ada')).toEqual({ kind: 'unknown', name: 'tiemout' });
  });

  it.each([
    ['/timeout'],
    ['/timeout ada 0'],
    [`/timeout ada ${limits.maxTimeoutSeconds + 1}`],
    ['/slow 0'],
    [`/slow ${limits.maxSlowModeSeconds + 1}`],
    ['/slow a lot'],
    ['/delete'],
    ['/delete last'],
    ['/pin 0'],
    ['/announce'],
    ['/hosts now'],
    ['/lobby'],
    ['/admit ada and bob'],
    ['/w'],
    ['/nick'],
    ['/nick ""'],
  ])('says how %s is written', (typed) => {
    expect(read(typed)).toMatchObject({
      kind: 'wrong',
      problem: 'usage',
      usage: expect.stringMatching(/^\/[a-z]+/),
    });
  });

  it.each([
    ['/admit', true, 'all'],
    ['/admit all', true, 'all'],
    ['/admit @Eve', true, 'Eve'],
    ['/deny "Li Wei"', false, 'Li Wei'],
  ])('takes %s for a word on who waits, whom nobody knows yet', (typed, admit, whom) =>
    expect(read(typed)).toEqual({ kind: 'decide', admit, whom }),
  );

  it('finds who waits by his name on any page, and all without one', async () => {
    const pages = [
      { total: 2, more: true, people: [{ userId: 7, userName: 'Ada', isGuest: true, since: 1 }] },
      { total: 2, more: false, people: [{ userId: 8, userName: 'Li Wei', isGuest: true, since: 2 }] },
    ];
    const done: unknown[] = [];
    const decided = (what: string) => async (_: number, whom: unknown) => {
      done.push([what, whom]);
      return { decided: 1, waiting: 0 };
    };
    const api = {
      waiting: async (_: number, { after }: { after?: number } = {}) => pages[after === 7 ? 1 : 0]!,
      admitWaiting: decided('admit'),
      denyWaiting: decided('deny'),
    };
    expect(await decideByName(api, 1, { admit: true, whom: 'li wei' })).toMatchObject({ decided: 1 });
    expect(await decideByName(api, 1, { admit: false, whom: 'ALL' })).toMatchObject({ decided: 1 });
    expect(await decideByName(api, 1, { admit: true, whom: 'eve' })).toBeUndefined();
    expect(done).toEqual([
      ['admit', [8]],
      ['deny', 'all'],
    ]);
  });

  it('says whom it does not know', () => {
    expect(read('/ban eve')).toMatchObject({ kind: 'wrong', problem: 'user', name: 'eve' });
  });

  it('takes the newest message where none is named, as far as it knows it', () => {
    const newest = (which: string) => ({ any: 9, own: 7, pinned: 3 })[which];
    const known = (typed: string) => readCommand(typed, { ...context, newest });
    expect(known('/delete')).toEqual(act({ act: 'delete', seq: 7 }));
    expect(known('/pin')).toEqual(act({ act: 'pin', seq: 9 }));
    expect(known('/unpin')).toEqual(act({ act: 'unpin', seq: 3 }));
    expect(known('/pin 4')).toEqual(act({ act: 'pin', seq: 4 }));
    expect(known('/restore')).toMatchObject({ kind: 'wrong', problem: 'usage' });
    const none = readCommand('/pin', { ...context, newest: () => undefined });
    expect(none).toMatchObject({ kind: 'wrong', problem: 'usage' });
  });

  it('opens conversations, and shows its help', () => {
    expect(read('/w ada see me later')).toEqual({ kind: 'whisper', userId: 1, text: 'see me later' });
    expect(read('/w ada')).toEqual({ kind: 'whisper', userId: 1, text: '' });
    expect(read('/nick Grace H')).toEqual({ kind: 'nick', name: 'Grace H' });
    expect(read('/nick "Grace H"')).toEqual({ kind: 'nick', name: 'Grace H' });
    expect(read('/help')).toEqual({ kind: 'help' });
    expect(new Set(slashCommands.map(({ name }) => name)).size).toBe(slashCommands.length);
  });
});
