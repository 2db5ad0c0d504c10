import { describe, expect, it } from 'vitest';
import { EventHub } from './event-hub.js';

const frame = { op: 4, roomId: 1, count: 2 } as const;

describe('EventHub', () => {
  it('removes one listener per call, also of a function that listens twice', () => {
    const hub = new EventHub();
    let calls = 0;
    const listener = () => void calls++;
    const off = hub.on('count', listener);
    hub.on('count', listener);
    hub.emit('count', frame);
    off();
    off();
    hub.emit('count', frame);
    expect(calls).toBe(3);
  });

  it('does not let a listener that throws stop the others, nor hide its error', async () => {
    const hub = new EventHub();
    let calls = 0;
    hub.on('count', () => {
      throw new Error('of the listener');
    });
    hub.on('count', () => void calls++);
    const uncaught = new Promise<unknown>((resolve) => {
      const own = process.listeners('uncaughtException');
      process.removeAllListeners('uncaughtException');
      process.once('uncaughtException', (error) => {
        for (const each of own) process.on('uncaughtException', each);
        resolve(error);
      });
    });
    hub.emit('count', frame);
    expect(calls).toBe(1);
    expect(await uncaught).toMatchObject({ message: 'of the listener' });
  });

  // It never came to an end.
  it('calls nobody twice for one event, whoever ceases and begins to listen meanwhile', () => {
    const hub = new EventHub();
    const calls: string[] = [];
    const again = (): void => {
      calls.push('again');
      off();
      off = hub.on('count', again);
      offOther();
    };
    let off = hub.on('count', again);
    const offOther = hub.on('count', () => calls.push('other'));
    hub.emit('count', frame);
    expect(calls).toEqual(['again']);
    hub.emit('count', frame);
    expect(calls).toEqual(['again', 'again']);
  });
});
