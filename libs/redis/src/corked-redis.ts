import { Redis } from 'ioredis';
import type { Writable } from 'node:stream';

/**
 * ioredis with two of its ways put right: it may subscribe at any time, and it is corked.
 *
 * It writes each command to its socket by itself, a system call each. Here all of one turn of the event loop
 * leave together: the socket is corked with the first and uncorked when the turn's promises have run. Nothing waits longer
 * than that, and the order is that of the calls.
 *
 * @see Node.js, writable.cork()
 */
export class CorkedRedis extends Redis {
  private corked: Writable | undefined;

  override sendCommand(...args: Parameters<Redis['sendCommand']>): ReturnType<Redis['sendCommand']> {
    const [command] = args;
    // ioredis would send it before it has asked a new server how it is, and then be refused the question.
    if (this.status === 'connect' && command.name.endsWith('subscribe')) {
      this.whenAsked(() => void super.sendCommand(...args));
      return command.promise;
    }
    this.corkForThisTurn();
    return super.sendCommand(...args);
  }

  /** The connection is ready, or lost: what is called then is sent, or waits for the next one. */
  private whenAsked(send: () => void): void {
    const go = () => {
      this.off('ready', go).off('close', go);
      send();
    };
    this.on('ready', go).on('close', go);
  }

  private corkForThisTurn(): void {
    // None before the first connection; after a lost one it is another.
    const stream = this.stream as Writable | undefined;
    if (!stream || stream === this.corked) return;
    this.corked = stream;
    stream.cork();
    process.nextTick(() => {
      stream.uncork();
      this.corked = undefined;
    });
  }
}
