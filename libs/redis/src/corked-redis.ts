import { Redis } from 'ioredis';
import type { Writable } from 'node:stream';

/**
 * ioredis writes each command to its socket by itself, a system call each. Here all commands of one turn of the event loop
 * leave together: the socket is corked with the first and uncorked when the turn's promises have run. Nothing waits longer
 * than that, and the order is that of the calls.
 *
 * @see Node.js, writable.cork()
 */
export class CorkedRedis extends Redis {
  private corked: Writable | undefined;

  override sendCommand(...args: Parameters<Redis['sendCommand']>): ReturnType<Redis['sendCommand']> {
    this.corkForThisTurn();
    return super.sendCommand(...args);
  }

  private corkForThisTurn(): void {
    // None before the first connection; after a lost one it is another.
    const stream = this.stream as Writable | undefined;
    if (!stream || stream === this.corked) return;
    this.corked = stream;
    stream.cork();
    process.nextTick(() => {
      stream.uncork();
      if (this.corked === stream) this.corked = undefined;
    });
  }
}
