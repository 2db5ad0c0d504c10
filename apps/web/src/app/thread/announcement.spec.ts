import { describe, expect, it } from 'vitest';
import type { Entry } from '@parley/protocol';
import { en } from '../i18n/en.js';
import { testEvent, testMessage } from '../timeline/test-messages.js';
import { announcementOf } from './announcement.js';

const me = 7;
const said = (messages: Entry[], upTo: number) => announcementOf(messages, upTo, me, en)?.text ?? '';

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

  it('says every announcement, before what others write', () => {
    const warning = testEvent(2, { kind: 'announcement', style: 'warning', msg: 'Stay calm' });
    const note = testEvent(4, { kind: 'announcement', style: 'highlight', msg: 'Page 12' });
    const messages = [testMessage(1), warning, testMessage(3, { msg: 'why?' }), note, testMessage(5)];
    expect(said(messages, 1)).toBe('Warning: Stay calm\nHighlight: Page 12\n2 new messages. ana: message 5');
  });

  it('says nothing of what is deleted, nor of other acts', () => {
    const gone = testMessage(2, { msg: '', deleted: { by: 'self', at: 1 } });
    expect(said([testMessage(1), gone, testEvent(3, { kind: 'panic' })], 1)).toBe('');
  });

  it('names what it says the text of, so that it can be taken back', () => {
    const messages = [testMessage(1), testMessage(2), testMessage(3)];
    expect(announcementOf(messages, 0, me, en)?.seqs).toEqual([3]);
  });
});
