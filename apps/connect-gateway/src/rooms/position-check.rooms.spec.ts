import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { numbers } from '../testing/local-room.fixture.js';
import { Room, setUp } from '../testing/position-check.fixture.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('a room behind its head', () => {
  it('is brought to it when it has waited for a whole interval', async () => {
    const room = new Room();
    const { interval } = await setUp({ 7: room });
    room.head = { seq: 8, epoch: 'e1' };
    await interval();
    expect(room.pulled).toEqual([]);
    room.head = { seq: 9, epoch: 'e1' };
    await interval();
    expect(room.pulled).toEqual([{ seq: 9, epoch: 'e1' }]);
  });

  it('is left alone when it has come as far as the head was an interval ago', async () => {
    const room = new Room();
    const { interval } = await setUp({ 7: room });
    for (let seq = 6; seq < 12; seq++) {
      room.position = { seq: seq - 1, epoch: 'e1' };
      room.head = { seq, epoch: 'e1' };
      await interval();
    }
    expect(room.pulled).toEqual([]);
  });

  it('is brought to it at once after a reconnect', async () => {
    const room = new Room();
    const { redis, done } = await setUp({ 7: room });
    room.head = { seq: 6, epoch: 'e1' };
    redis.emit('ready');
    await vi.advanceTimersByTimeAsync(0);
    expect([room.pulled, done]).toEqual([[{ seq: 6, epoch: 'e1' }], ['share all', 'drop 7']]);
  });

  it('in another epoch is brought to it at once', async () => {
    const room = new Room();
    const { interval, asked } = await setUp({ 7: room });
    room.head = { seq: 3, epoch: 'e2' };
    await interval();
    expect([room.pulled, asked]).toEqual([[{ seq: 3, epoch: 'e2' }], []]);
  });

  it('that cannot be read keeps no other one waiting, and is tried again', async () => {
    const [broken, other] = [new Room(), new Room()];
    broken.head = other.head = { seq: 6, epoch: 'e2' };
    broken.pull = () => Promise.reject(new Error('away'));
    const { interval } = await setUp({ 1: broken, 2: other });
    await interval();
    await interval();
    expect([broken.pulled.length, other.pulled.length]).toEqual([2, 2]);
  });

  it('that is not open here yet is nobody’s', async () => {
    const [room, other] = [new Room(), new Room()];
    room.isOpen = false;
    room.head = other.head = { seq: 9, epoch: 'e2' };
    const { interval } = await setUp({ 7: room, 8: other });
    await interval();
    await interval();
    expect(room.pulled).toEqual([]);
    expect(other.pulled).toHaveLength(2);
  });
});

describe('many rooms', () => {
  it('are asked about in one go for five hundred, each judged by its own answer', async () => {
    const rooms = Object.fromEntries(numbers(1, 501).map((roomId) => [roomId, new Room()]));
    const odd = [17, 499, 501];
    const { interval, surveyed } = await setUp(rooms);
    for (const roomId of odd) {
      rooms[roomId]!.head = { seq: 9, epoch: 'e2' };
      rooms[roomId]!.here = 3;
    }
    await interval();
    expect(surveyed.map(({ length }) => length)).toEqual([500, 1]);
    const touched = (of: (room: Room) => number) =>
      numbers(1, 501).filter((roomId) => of(rooms[roomId]!) > 0);
    expect(touched(({ pulled }) => pulled.length)).toEqual(odd);
    expect(touched(({ repairs }) => repairs)).toEqual(odd);
  });

  it('are put right sixteen at a time', async () => {
    const rooms = Object.fromEntries(numbers(1, 20).map((roomId) => [roomId, new Room()]));
    const answers: (() => void)[] = [];
    for (const room of Object.values(rooms)) {
      room.head = { seq: 9, epoch: 'e2' };
      room.pull = () => new Promise((resolve) => answers.push(resolve));
    }
    const { interval } = await setUp(rooms);
    await interval();
    expect(answers).toHaveLength(16);
    for (const answer of answers.splice(0)) answer();
    await vi.advanceTimersByTimeAsync(0);
    expect(answers).toHaveLength(4);
    for (const answer of answers) answer();
  });
});

describe('a head that Redis has lost', () => {
  it('is asked for once, by the first member who has a name', async () => {
    const room = new Room();
    room.members = [undefined, 5, 6];
    room.head = undefined;
    const { interval, asked } = await setUp({ 7: room });
    await interval();
    expect(asked).toEqual([['logic.admit', { userId: 5, roomId: 7 }, { key: 7 }]]);
  });

  it('is asked for again when nobody could answer; a room of nobody asks for none', async () => {
    const [room, empty, other] = [new Room(), new Room(), new Room()];
    empty.members = [];
    room.head = empty.head = undefined;
    other.head = { seq: 9, epoch: 'e2' };
    const { interval, asked, answerWith } = await setUp({ 7: room, 8: empty, 9: other });
    answerWith(() => Promise.reject(new Error('away')));
    await interval();
    await interval();
    expect(asked).toHaveLength(2);
    expect(other.pulled).toHaveLength(2);
  });
});

describe('a head below what was delivered', () => {
  it('ends its epoch, and the room moves on to the next', async () => {
    const room = new Room();
    room.head = { seq: 4, epoch: 'e1' };
    const { interval, asked } = await setUp({ 7: room });
    await interval();
    expect(asked).toEqual([
      ['logic.restorePosition', { roomId: 7, seen: { seq: 5, epoch: 'e1' } }, { key: 7 }],
    ]);
    expect(room.pulled).toEqual([{ seq: 9, epoch: 'e2' }]);
  });

  it('is said again as long as nobody answers', async () => {
    const room = new Room();
    room.head = { seq: 4, epoch: 'e1' };
    const { interval, asked, answerWith } = await setUp({ 7: room });
    answerWith(() => Promise.reject(new Error('away')));
    await interval();
    await interval();
    expect([asked.length, room.pulled]).toEqual([2, []]);
  });
});
