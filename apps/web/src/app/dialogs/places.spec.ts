import { describe, expect, it } from 'vitest';
import { roomKey } from '../chat/threads/thread-key.js';
import { foundPlaces, nextUnread, type Place } from './places.js';

const place = (roomId: number, name: string, unread = 0): Place => ({
  key: roomKey(roomId),
  kind: 'room',
  name,
  unread,
  route: { page: 'room', roomId },
});
const names = (places: readonly Place[]) => places.map(({ name }) => name);

describe('foundPlaces', () => {
  const places = [
    place(1, 'Lobby'),
    place(2, 'Biology 7b', 1),
    place(3, 'Maths 7b'),
    place(4, 'Room of Biology'),
  ];

  it('are all for no question, the unread first', () => {
    expect(names(foundPlaces(places, ' '))).toEqual(['Biology 7b', 'Lobby', 'Maths 7b', 'Room of Biology']);
  });
  it('hold every word, whatever its case', () => {
    expect(names(foundPlaces(places, '7B bio'))).toEqual(['Biology 7b']);
  });
  it('begin with the question before they hold it', () => {
    expect(names(foundPlaces(places, 'biology'))).toEqual(['Biology 7b', 'Room of Biology']);
  });
  it('are none where nothing fits', () => {
    expect(foundPlaces(places, 'chemistry')).toEqual([]);
  });
});

describe('nextUnread', () => {
  const places = [place(1, 'a', 1), place(2, 'b'), place(3, 'c', 2), place(4, 'd', 1)];
  const next = (active: number | undefined, step: 1 | -1) =>
    nextUnread(places, active === undefined ? undefined : roomKey(active), step)?.name;

  it('goes down and up, round and round', () => {
    expect([next(1, 1), next(2, 1), next(3, 1), next(4, 1)]).toEqual(['c', 'c', 'd', 'a']);
    expect([next(1, -1), next(2, -1), next(3, -1), next(4, -1)]).toEqual(['d', 'a', 'a', 'c']);
  });
  it('begins at an end when nothing is open', () => {
    expect([next(undefined, 1), next(undefined, -1)]).toEqual(['a', 'd']);
  });
  it('is none when all is read elsewhere', () => {
    expect(nextUnread([place(1, 'a', 3), place(2, 'b')], roomKey(1), 1)).toBeUndefined();
    expect(nextUnread([], undefined, 1)).toBeUndefined();
  });
});
