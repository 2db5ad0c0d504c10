import { describe, expect, it } from 'vitest';
import type { ActEffects } from './index.js';
import { Story } from './history-story.js';

const mute: ActEffects = { rules: { 'mute s': { only: ['s'] } } };
const unmute: ActEffects = { rules: { 'mute s': null } };
const close: ActEffects = { rules: { mode: { except: [] } } };
const hostsOnly: ActEffects = { rules: { mode: { except: ['host'] } } };
const open: ActEffects = { rules: { mode: null } };
const ban: ActEffects = { rules: { 'ban s': { only: ['s'] } } };
const hideFirst: ActEffects = { hides: { from: 1, to: 1 } };
const showFirst: ActEffects = { shows: { from: 1, to: 1 } };

/** Of one member, `a`, in a room where everything is told. */
const told = (): Story => new Story({ allSendsRecorded: true }).joins(0, 'a');
/** Message x at 1, and then an act `d` that is acked at 2. */
const after = (act: ActEffects): Story => told().sends('x', 'hello').acks('x', 1).asks('d', act).acks('d', 2);
/** … and both have been shown. */
const shown = (act: ActEffects): Story => after(act).showsText('a', 'x1', 'hello').shows('a', 'd2');

describe('HistoryChecker on acts that forbid', () => {
  it.each<[string, Story]>([
    ['a message below the act', shown(mute)],
    [
      'one after the act that lifts it',
      shown(mute).asks('u', unmute).acks('u', 3).sends('y').acks('y', 4).shows('a', 'u3 y4'),
    ],
    [
      'one of somebody whom the act is not about',
      shown({ rules: { 'mute t': { only: ['t'] } } })
        .sends('y')
        .acks('y', 3)
        .shows('a', 'y3'),
    ],
    [
      'one of a host, in a room for hosts',
      shown({ rules: { mode: { except: ['s'] } } })
        .sends('y')
        .acks('y', 3)
        .shows('a', 'y3'),
    ],
    ['a refusal', shown(close).sends('y').refuses('y')],
    ['another act while the room is closed', shown(close).asks('u', open).acks('u', 3).shows('a', 'u3')],
    [
      'one in the line after the act was lost with its own',
      told()
        .sends('x')
        .acks('x', 1)
        .shows('a', 'x1')
        .asks('d', mute)
        .acks('d', 2)
        .shows('a', 'd2')
        .stepsBack(1)
        .sends('y')
        .acks('y', 9, 'e2')
        .shows('a', 'y9', 'e2'),
    ],
    [
      'one where the fate of an act that lifts it is unknown, because the server stepped back',
      shown(mute)
        .asks('u', unmute)
        .stepsBack(2)
        .sends('y')
        .acks('y', 9, 'e2')
        .acks('u', 10, 'e2')
        .shows('a', 'y9 u10', 'e2'),
    ],
  ])('accepts %s', (_name, { checker }) => {
    expect(checker.check()).toEqual([]);
  });

  it.each<[string, Story, string[]]>([
    ['a message of a muted person', shown(mute).sends('y').acks('y', 3).shows('a', 'y3'), ['forbidden 3']],
    ['one of a banned person', shown(ban).sends('y').acks('y', 3).shows('a', 'y3'), ['forbidden 3']],
    ['one in a closed room', shown(close).sends('y').acks('y', 3).shows('a', 'y3'), ['forbidden 3']],
    [
      'one of a member in a room for hosts',
      shown(hostsOnly).sends('y').acks('y', 3).shows('a', 'y3'),
      ['forbidden 3'],
    ],
    [
      'one that nobody got an ack for, and somebody was shown',
      shown(close).sends('y').shows('a', 'y3'),
      ['forbidden 3'],
    ],
    [
      'one after an act that was shown and never acked',
      told().asks('d', close).shows('a', 'd1').sends('y').acks('y', 2).shows('a', 'y2'),
      ['forbidden 2'],
    ],
    [
      'a mute lifted by the lifting of another rule',
      shown(mute).asks('u', open).acks('u', 3).sends('y').acks('y', 4).shows('a', 'u3 y4'),
      ['forbidden 4'],
    ],
    [
      'a room that is open for one whose mute alone was lifted',
      shown(close).asks('u', unmute).acks('u', 3).sends('y').acks('y', 4).shows('a', 'u3 y4'),
      ['forbidden 4'],
    ],
    [
      'several',
      shown(mute).sends('y').sends('z').acks('y', 3).acks('z', 4).shows('a', 'y3 z4'),
      ['forbidden 3', 'forbidden 4'],
    ],
  ])('catches %s', (_name, story, expected) => {
    expect(story.found()).toEqual(expected);
  });
});

describe('HistoryChecker on acts that hide', () => {
  it.each<[string, Story]>([
    ['a text shown before its deletion', shown(hideFirst)],
    [
      'a tombstone on resume, before the act itself',
      after(hideFirst).showsTombstone('a', 'x1').shows('a', 'd2'),
    ],
    ['a tombstone in a read', shown(hideFirst).reads('h', 'x1')],
    [
      'a read that began before the ack',
      told()
        .sends('x', 'hello')
        .acks('x', 1)
        .showsText('a', 'x1', 'hello')
        .asks('d', hideFirst)
        .reads('h', 'x1', 'hello')
        .acks('d', 2)
        .shows('a', 'd2'),
    ],
    [
      'a text read after it was restored',
      shown(hideFirst).asks('r', showFirst).acks('r', 3).shows('a', 'r3').reads('h', 'x1', 'hello'),
    ],
    [
      'a text read while it is being restored',
      shown(hideFirst).at(100).asks('r', showFirst).reads('h', 'x1', 'hello').acks('r', 3).shows('a', 'r3'),
    ],
    [
      'a tombstone read while it is being restored',
      shown(hideFirst).at(100).asks('r', showFirst).reads('h', 'x1').acks('r', 3).shows('a', 'r3'),
    ],
    [
      "others' texts, when those of one are hidden",
      shown({ hides: { from: 1, of: { only: ['t'] } } }).reads('h', 'x1', 'hello'),
    ],
    ['texts of the excepted', shown({ hides: { from: 1, of: { except: ['s'] } } }).reads('h', 'x1', 'hello')],
    [
      'a text above the act that hides all below',
      shown({ hides: { from: 1 } })
        .sends('y', 'ho')
        .acks('y', 3)
        .showsText('a', 'y3', 'ho')
        .reads('h', 'y3', 'ho'),
    ],
    [
      'a text that was hidden by an act that is lost',
      told()
        .sends('x', 'hello')
        .acks('x', 1)
        .showsText('a', 'x1', 'hello')
        .asks('d', hideFirst)
        .acks('d', 2)
        .shows('a', 'd2')
        .stepsBack(1)
        .reads('h', 'x1', 'hello')
        .sends('y')
        .acks('y', 9, 'e2')
        .shows('a', 'y9', 'e2'),
    ],
    [
      'a tombstone whose restoration is lost',
      shown(hideFirst)
        .asks('r', showFirst)
        .acks('r', 3)
        .shows('a', 'r3')
        .stepsBack(2)
        .reads('h', 'x1')
        .sends('y')
        .acks('y', 9, 'e2')
        .shows('a', 'y9', 'e2'),
    ],
  ])('accepts %s', (_name, { checker }) => {
    expect(checker.check()).toEqual([]);
  });

  it.each<[string, Story, string[]]>([
    [
      'a text read after the ack of its deletion',
      shown(hideFirst).reads('h', 'x1', 'hello'),
      ['unhidden h 1'],
    ],
    [
      'the same by a range up to the act',
      shown({ hides: { from: 1 } }).reads('h', 'x1', 'hello'),
      ['unhidden h 1'],
    ],
    [
      'the same of one sender',
      shown({ hides: { from: 1, of: { only: ['s'] } } }).reads('h', 'x1', 'hello'),
      ['unhidden h 1'],
    ],
    [
      'a resume that gives the text',
      after(hideFirst).at(5).showsRead('a', 'x1', 'hello').shows('a', 'd2'),
      ['unhidden a 1'],
    ],
    [
      'a text shown to somebody after its deletion',
      told()
        .joins(0, 'b')
        .sends('x', 'hello')
        .acks('x', 1)
        .asks('d', hideFirst)
        .acks('d', 2)
        .showsText('b', 'x1', 'hello')
        .shows('a', 'd2')
        .shows('b', 'd2')
        .showsText('a', 'x1', 'hello'),
      ['reordered a 1', 'unhidden a 1'],
    ],
    [
      'a text shown to him again',
      shown(hideFirst).showsText('a', 'x1', 'hello'),
      ['duplicate a 1', 'unhidden a 1'],
    ],
    [
      'a text read though only another hiding was taken back',
      shown(hideFirst)
        .asks('p', { hides: { from: 1 } })
        .acks('p', 3)
        .asks('c', { shows: { from: 1, undoes: 3 } })
        .acks('c', 4)
        .shows('a', 'p3 c4')
        .reads('h', 'x1', 'hello'),
      ['unhidden h 1'],
    ],
    [
      'a text hidden again after it was restored',
      shown(hideFirst)
        .asks('r', showFirst)
        .acks('r', 3)
        .asks('q', hideFirst)
        .acks('q', 4)
        .shows('a', 'r3 q4')
        .reads('h', 'x1', 'hello'),
      ['unhidden h 1'],
    ],
    ['a tombstone that no act explains', shown(mute).reads('h', 'x1'), ['withheld h 1']],
    ['the same on resume', after(mute).showsTombstone('a', 'x1').shows('a', 'd2'), ['withheld a 1']],
    [
      'a tombstone read after its restoration',
      shown(hideFirst).asks('r', showFirst).acks('r', 3).shows('a', 'r3').reads('h', 'x1'),
      ['withheld h 1'],
    ],
    ['another text in a read', shown(mute).reads('h', 'x1', 'hullo'), ['identity 1']],
  ])('catches %s', (_name, story, expected) => {
    expect(story.found().sort()).toEqual([...expected].sort());
  });
});

it('says of a tombstone by which acts it is none', () => {
  const story = shown(hideFirst).asks('r', showFirst).acks('r', 3).shows('a', 'r3').reads('h', 'x1');
  expect(story.checker.check()[0]?.detail).toMatch(
    /^given as deleted, that was shown again: hidden by 2, shown by 3 \(acknowledged \d+ ms before\)$/,
  );
});

describe('HistoryChecker on acts as entries', () => {
  it.each<[string, Story, string[]]>([
    ['an acked act that a member never got', told().asks('d', close).acks('d', 1), ['lost a 1']],
    [
      'an act that is done twice',
      told().asks('d', close).acks('d', 1).shows('a', 'd1 d2'),
      ['double-append 2'],
    ],
    [
      'an act that was refused and done',
      told().asks('d', close).refuses('d').shows('a', 'd1'),
      ['phantom 1'],
    ],
    ['an act that nobody asked for', told().shows('a', 'd1'), ['phantom 1']],
    [
      'an act without effect that is swallowed',
      told().asks('k', {}).acks('k', 1).sends('y').acks('y', 2).shows('a', 'y2'),
      ['lost a 1'],
    ],
    [
      'an act numbered before what was seen when it was asked for',
      told().sends('x').acks('x', 2).at(5).asks('d', close).acks('d', 1).shows('a', 'd1 x2'),
      ['forbidden 2', 'not-linearizable 1'],
    ],
  ])('catches %s', (_name, story, expected) => {
    expect(story.found().sort()).toEqual(expected);
  });

  it('counts acts, each once', () => {
    expect(shown(hideFirst).checker.stats()).toMatchObject({ acts: 1, messages: 2 });
  });
});

describe('HistoryChecker on how a room stands', () => {
  it('accepts the same for everybody, and what is for one user alone', () => {
    expect(told().stands('a', 'open').stands('server', 'open').stands('a', 'muted', 's').found()).toEqual([]);
  });

  it('catches a client that ends in another state than the server, or than another of its user', () => {
    expect(told().stands('server', 'open').stands('a', 'closed').found()).toEqual(['diverged a']);
    expect(told().stands('a', 'muted', 's').stands('b', 'free', 's').found()).toEqual(['diverged b']);
  });
});
