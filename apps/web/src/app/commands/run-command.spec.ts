import { ClientError } from '@parley/client';
import type { ActInput } from '@parley/protocol';
import { describe, expect, it } from 'vitest';
import type { ChatSession } from '../chat/chat-session.js';
import { initialChatState, type ChatState } from '../chat/threads/chat-state.js';
import { emptyThread } from '../chat/threads/thread.js';
import { testMessage } from '../timeline/test-messages.js';
import { runCommand } from './run-command.js';

const member = (userId: number, userName: string) => ({ userId, userName });

function setUp({ refuseWith }: { refuseWith?: Error } = {}) {
  const acts: [number, ActInput][] = [];
  const messages = [
    testMessage(5, { fromUserId: 4, fromUserName: 'gone' }),
    testMessage(6, { fromUserId: 7 }),
  ];
  const state: ChatState = {
    ...initialChatState,
    present: new Map([[1, { count: 3, members: [member(7, 'me'), member(2, 'Ada'), member(3, 'ada')] }]]),
    threads: new Map([['room:1', { ...emptyThread, timeline: { ...emptyThread.timeline, messages } }]]),
  };
  const chat = {
    me: { userId: 7, userName: 'me' },
    state: { get: () => state },
    search: async (text: string) => ({
      rooms: [],
      users: text === 'far' ? [member(9, 'Far'), member(8, 'farther')] : [],
    }),
    act: async (roomId: number, act: ActInput) => {
      if (refuseWith) throw refuseWith;
      acts.push([roomId, act]);
    },
  } as unknown as ChatSession;
  return { acts, run: (line: string, key: 'room:1' | 'user:2' = 'room:1') => runCommand(chat, key, line) };
}

describe('a command', () => {
  it.each([
    ['/kick ada', { act: 'kick', userId: 3 }],
    ['/kick Ada', { act: 'kick', userId: 2 }],
    ['/kick ADA', { act: 'kick', userId: 2 }],
    ['/timeout gone 60', { act: 'timeout', userId: 4, seconds: 60 }],
    ['/unban far', { act: 'unban', userId: 9 }],
    ['/delete', { act: 'delete', seq: 6 }],
    ['/pin 5', { act: 'pin', seq: 5 }],
  ])('%s is done to the room', async (line, act) => {
    const { acts, run } = setUp();
    expect(await run(line)).toMatchObject({ kind: 'done' });
    expect(acts).toEqual([[1, act]]);
  });

  it.each([
    ['/tiemout ada', { kind: 'unknown', name: 'tiemout' }],
    ['/kick', { kind: 'usage', usage: '/kick <user> [reason]' }],
    ['/kick nobody', { kind: 'nobody', name: 'nobody' }],
    ['/unpin', { kind: 'usage', usage: '/unpin [number]' }],
    ['/help', { kind: 'help' }],
    ['/w ada hi there', { kind: 'open', person: member(3, 'ada'), text: 'hi there' }],
  ])('%s does nothing to it, and says why', async (line, outcome) => {
    const { acts, run } = setUp();
    expect(await run(line)).toEqual(outcome);
    expect(acts).toEqual([]);
  });

  it('that is refused says by which rule', async () => {
    const { run } = setUp({ refuseWith: new ClientError('FORBIDDEN', false) });
    expect(await run('/kick ada')).toEqual({ kind: 'refused', code: 'FORBIDDEN' });
    const broken = setUp({ refuseWith: new Error('secret') });
    expect(await broken.run('/kick ada')).toEqual({ kind: 'refused', code: 'INTERNAL' });
  });

  it('for rooms does nothing in a conversation', async () => {
    const { acts, run } = setUp();
    expect(await run('/hosts', 'user:2')).toEqual({ kind: 'not-here' });
    expect(acts).toEqual([]);
  });
});
