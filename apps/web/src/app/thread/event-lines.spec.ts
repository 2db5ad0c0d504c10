import { roomRoles, type EventFrame } from '@parley/protocol';
import { describe, expect, it } from 'vitest';
import { en } from '../i18n/en.js';
import { zh } from '../i18n/zh.js';
import { eventRowsOf } from '../timeline/event-rows.js';
import { testEvent, testMessages, testPage } from '../timeline/test-messages.js';
import { emptyTimeline, withLatestPage, withLive } from '../timeline/timeline.js';
import { eventText } from './event-lines.js';

const open = { mode: 'everyone', slowModeWaitTime: 0 };
const settings = (seq: number, fields: object) =>
  testEvent(seq, { kind: 'settings', settings: { ...open, ...fields } });
const ana = { userId: 2, userName: 'ana' };

/** What is said of acts that come after messages 1 to 3. */
function said(events: EventFrame[], { reachedStart = true, words = en.events } = {}): string[] {
  const start = withLatestPage(emptyTimeline, testPage(1, 3, { more: !reachedStart }), 7);
  const timeline = events.reduce((all, event) => withLive(all, event, 7), start);
  return [...eventRowsOf(timeline).values()].map((row) => eventText(row, words, (ms) => `@${ms}`));
}

describe('the line of an act', () => {
  it('says what has changed, and nothing else', () => {
    expect(
      said([
        settings(4, { mode: 'hosts' }),
        settings(5, { mode: 'hosts', slowModeWaitTime: 30 }),
        settings(6, { mode: 'hosts', slowModeWaitTime: 30 }),
        settings(7, { opensAt: 99 }),
      ]),
    ).toEqual([
      'Only hosts can write now.',
      'Slow mode: one message every 30 s.',
      'Everybody can write now. Slow mode is off. The room opens at @99.',
    ]);
  });

  it('says how a room is whose past is not loaded', () => {
    expect(said([settings(4, {})], { reachedStart: false })).toEqual(['Everybody can write now.']);
  });

  it.each([
    [
      { kind: 'timeout', ...ana, until: 99, reason: 'spam' },
      'A moderator has stopped ana from writing until @99. Reason: spam',
    ],
    [{ kind: 'timeout', ...ana, until: 0 }, 'ana may write again.'],
    [{ kind: 'kick', ...ana }, 'A moderator has put ana out of the room.'],
    [{ kind: 'ban', ...ana, until: 8_640_000_000_000_000 }, 'A moderator has banned ana.'],
    [{ kind: 'ban', ...ana, until: 99 }, 'A moderator has banned ana until @99.'],
    [{ kind: 'ban', ...ana, until: 0 }, 'ana may come back.'],
    [{ kind: 'roles', roles: [{ ...ana, role: 'moderator' }], owners: [1] }, 'ana is a moderator now.'],
    [
      { kind: 'pins', pins: [{ seq: 1, text: 'x', fromUserId: 2, fromUserName: 'ana' }] },
      'A moderator has pinned a message.',
    ],
    [{ kind: 'delete', by: 'moderator', range: { from: 1, to: 3 } }, 'A moderator has deleted 3 messages.'],
    [
      { kind: 'panic', settings: open, prior: open, range: { from: 2 } },
      'A moderator has stopped the room: only hosts can write now, and guests wait outside. A moderator has deleted 2 messages.',
    ],
    [{ kind: 'calm', settings: open }, 'The room goes on. Everybody can write now.'],
    [{ kind: 'restore', range: { from: 1, to: 3 } }, 'Deleted messages are shown again.'],
  ])('%o', (fields, text) => {
    expect(said([testEvent(4, fields)])).toEqual([text]);
    expect(said([testEvent(4, fields)], { words: zh.events })[0]).toMatch(/\p{Script=Han}/u);
  });

  it.each([
    { kind: 'delete', by: 'moderator', range: { from: 2, to: 2 } },
    { kind: 'restore', range: { from: 2, to: 2 } },
    { kind: 'of-a-newer-server', msg: 'what?' },
    { kind: 'ban' },
  ])('is not there for %o', (fields) => {
    expect(said([testEvent(4, fields)])).toEqual([]);
  });

  it('does not count what is not loaded', () => {
    const range = { from: 1, to: 5 };
    const timeline = withLatestPage(
      emptyTimeline,
      {
        ...testPage(4, 6),
        messages: [...testMessages(4, 5), testEvent(6, { kind: 'delete', by: 'self', range })],
      },
      7,
    );
    const [row] = [...eventRowsOf(timeline).values()];
    expect(row && eventText(row, en.events, String)).toBe('Messages were deleted by who wrote them.');
  });

  it('has a word for every role', () => {
    for (const role of roomRoles) expect(en.events.role[role]('ana')).toContain('ana');
  });
});
