import { describe, expect, it } from 'vitest';
import { en } from '../i18n/en.js';
import { testMessage } from '../timeline/test-messages.js';
import { announcementOf } from './announcement.js';

const me = 7;
const said = (messages: ReturnType<typeof testMessage>[], upTo: number) =>
  announcementOf(messages, upTo, me, en.announcement);

describe('an announcement', () => {
  it('says who wrote what', () => {
    expect(said([testMessage(1), testMessage(2, { msg: 'hello' })], 1)).toBe('ana: hello');
  });

  it('counts many, and says the newest', () => {
    const messages = [testMessage(1), testMessage(2), testMessage(3, { msg: 'the last' })];
    expect(said(messages, 0)).toBe('3 new messages. ana: the last');
  });

  it('says nothing of own messages, nor of what was announced', () => {
    expect(said([testMessage(1), testMessage(2, { fromUserId: me })], 1)).toBe('');
    expect(said([], 0)).toBe('');
  });

  it('cuts what would take long to listen to', () => {
    expect(said([testMessage(1, { msg: '👋'.repeat(4_000) })], 0)).toBe(`ana: ${'👋'.repeat(200)}…`);
  });
});
