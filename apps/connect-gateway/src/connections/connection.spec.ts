import { CloseCode } from '@parley/protocol';
import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { Connection } from './connection.js';

/** A socket that takes what is written when it is told to. */
class FakeSocket extends EventEmitter {
  readonly written: string[] = [];
  writable = true;
  writableLength = 0;
  writableNeedDrain = false;
  readonly setNoDelay = vi.fn();
  readonly destroy = vi.fn();

  write(bytes: Buffer): void {
    this.written.push(bytes.toString());
  }

  /** So many bytes wait. */
  fill(bytes: number): void {
    this.writableLength = bytes;
    this.writableNeedDrain = true;
  }

  drain(bytesLeft = 0): void {
    this.writableLength = bytesLeft;
    this.writableNeedDrain = bytesLeft > 0;
    this.emit('drain');
  }
}

class TestConnection extends Connection {
  readonly calls: string[] = [];

  constructor(readonly fake = new FakeSocket()) {
    super('tcp', fake as unknown as Socket, true, 'here');
  }

  override pauseReading(): void {
    this.calls.push('pause');
  }

  override resumeReading(): void {
    this.calls.push('resume');
  }

  override ping(): void {}

  override encode(): Buffer {
    return Buffer.alloc(0);
  }

  protected override frame(text: string): Buffer {
    return Buffer.from(`<${text}>`);
  }

  protected override sayGoodbye(code: CloseCode, reason: string): void {
    this.send(`${code} ${reason}`);
  }
}

/** Whether it has resolved by now. */
async function isDone(waiting: Promise<void>): Promise<boolean> {
  let done = false;
  void waiting.then(() => (done = true));
  await new Promise((resolve) => setImmediate(resolve));
  return done;
}

describe('a connection', () => {
  it('has an id of its own, and sends small frames at once', () => {
    const [a, b] = [new TestConnection(), new TestConnection()];
    expect(b.id).toBeGreaterThan(a.id);
    expect(a.fake.setNoDelay.mock.calls).toEqual([[true]]);
  });

  it('begins as nobody, in no room, with nothing in hand', () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    onTestFinished(() => void vi.useRealTimers());
    const now = performance.now();
    expect(new TestConnection()).toMatchObject({
      ...{ transport: 'tcp', addressKey: 'here', answersPings: true, watchesLists: false },
      ...{ identity: undefined, tokenDigest: undefined, sessionIds: [], currentRoomId: undefined },
      ...{ openedAt: now, lastSeenAt: now, pingedAt: -Infinity },
      ...{ memberships: new Map(), refusals: 0, inFlight: 0, waiting: undefined, isOpen: true },
    });
  });

  it('is written to while it is open', () => {
    const connection = new TestConnection();
    connection.send('a');
    connection.fake.writable = false;
    expect(connection.isOpen).toBe(false);
    connection.send('b');
    expect(connection.fake.written).toEqual(['<a>']);
  });

  it('says why it ends, once, and nothing after that', () => {
    const connection = new TestConnection();
    connection.close(CloseCode.goingAway, 'GOING_AWAY');
    connection.close(CloseCode.abuse, 'TOO_MANY_ERRORS');
    connection.send('more');
    expect(connection.fake.written).toEqual([`<${CloseCode.goingAway} GOING_AWAY>`]);
    expect([connection.isOpen, connection.fake.destroy.mock.calls]).toEqual([false, []]);
  });

  it.each(['destroy', 'markClosed'] as const)('that is gone says nothing more: %s', (how) => {
    const connection = new TestConnection();
    connection[how]();
    connection.close(CloseCode.goingAway, 'GOING_AWAY');
    expect([connection.isOpen, connection.fake.written]).toEqual([false, []]);
    expect(connection.fake.destroy).toHaveBeenCalledTimes(how === 'destroy' ? 1 : 0);
  });

  it.each([
    ['close', (connection: Connection) => connection.close(CloseCode.abuse, 'TOO_MANY_ERRORS')],
    ['destroy', (connection: Connection) => connection.destroy()],
    ['markClosed', (connection: Connection) => connection.markClosed()],
  ])('that ends lets go of the frames that wait, and reads again: %s', (_how, end) => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const connection = new TestConnection();
    const late = vi.fn();
    connection.waiting = { frames: [Buffer.alloc(1)], next: 0, timer: setTimeout(late, 50) };
    end(connection);
    end(connection);
    expect([connection.waiting, connection.calls, vi.getTimerCount()]).toEqual([undefined, ['resume'], 0]);
  });

  it('that ends is not read from anew when it was read from', () => {
    const connection = new TestConnection();
    connection.close(CloseCode.abuse, 'TOO_MANY_ERRORS');
    expect(connection.calls).toEqual([]);
  });
});

describe('whoever waits for the socket to take what there is', () => {
  it('goes on when no more than so many bytes are left, or when no drain would come', async () => {
    const waiting = new TestConnection();
    waiting.fake.fill(100);
    expect(await isDone(waiting.whenTaken(100))).toBe(true);
    expect(await isDone(waiting.whenTaken(99))).toBe(false);
    waiting.fake.writableNeedDrain = false;
    expect(await isDone(waiting.whenTaken(99))).toBe(true);
  });

  it('goes on when it has drained, and looks again', async () => {
    const connection = new TestConnection();
    connection.fake.fill(100);
    const waiting = connection.whenTaken(10);
    connection.fake.drain(50);
    expect(await isDone(waiting)).toBe(false);
    connection.fake.drain(10);
    expect(await isDone(waiting)).toBe(true);
  });

  it('goes on when the connection is over', async () => {
    for (const end of [
      (c: TestConnection) => c.markClosed(),
      (c: TestConnection) => (c.fake.writable = false),
    ]) {
      const connection = new TestConnection();
      connection.fake.fill(100);
      const waiting = connection.whenTaken(10);
      end(connection);
      connection.fake.emit('close');
      expect(await isDone(waiting)).toBe(true);
      expect(await isDone(connection.whenTaken(10))).toBe(true);
    }
  });

  it('shares one pair of listeners with all others, which is taken off', async () => {
    const connection = new TestConnection();
    connection.fake.fill(100);
    const waiting = Promise.all(Array.from({ length: 20 }, () => connection.whenTaken(10)));
    const listeners = () => ['drain', 'close'].map((event) => connection.fake.listenerCount(event));
    expect(listeners()).toEqual([2, 1]);
    connection.fake.drain();
    await waiting;
    expect(listeners()).toEqual([1, 0]);
    connection.fake.fill(100);
    expect(await isDone(connection.whenTaken(10))).toBe(false);
    expect(listeners()).toEqual([2, 1]);
  });

  it('is each of its rooms, at every drain', () => {
    const connection = new TestConnection();
    const rooms = [7, 8].map((roomId) => ({ roomId, kind: 'room' as const, drained: vi.fn() }));
    for (const room of rooms) connection.memberships.set(room.roomId, { room });
    connection.fake.drain();
    connection.fake.drain();
    for (const { drained } of rooms) expect(drained.mock.calls).toEqual([[connection], [connection]]);
  });
});
