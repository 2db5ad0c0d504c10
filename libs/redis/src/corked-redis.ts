import { Redis } from 'ioredis';
import type { Writable } from 'node:stream';

/** Milliseconds between two commands that are measured. Judgement: seconds of Redis being slow are seen, and it costs nothing. */
const SAMPLE_EVERY_MS = 100;

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
  /** Told how long Redis took to answer a command, seconds: of one command in each {@link SAMPLE_EVERY_MS}, not of all. */
  onAnswered: ((seconds: number) => void) | undefined;
  private sampledAt = -Infinity;
  private corked: Writable | undefined;

  override sendCommand(...args: Parameters<Redis['sendCommand']>): ReturnType<Redis['sendCommand']> {
    const [command] = args;
    // ioredis would send it before it has asked a new server how it is, and then be refused the question.
    if (this.status === 'connect' && command.name.endsWith('subscribe')) {
      this.whenAsked(() => void super.sendCommand(...args));
      return command.promise;
    }
    // Once in each turn; what comes behind the first command of a turn is answered with it.
    if (this.corkForThisTurn() && this.onAnswered) this.sample(command);
    return super.sendCommand(...args);
  }

  private sample(command: { readonly promise: Promise<unknown> }): void {
    const now = performance.now();
    // What waits for a connection says nothing of Redis; its being away is seen otherwise.
    if (now - this.sampledAt < SAMPLE_EVERY_MS || this.status !== 'ready') return;
    this.sampledAt = now;
    const answered = () => this.onAnswered?.((performance.now() - now) / 1_000);
    command.promise.then(answered, answered);
  }

  /** The connection is ready, or lost: what is called then is sent, or waits for the next one. */
  private whenAsked(send: () => void): void {
    const go = () => {
      this.off('ready', go).off('close', go);
      send();
    };
    this.on('ready', go).on('close', go);
  }

  /** @returns Whether this is the first command of the turn. */
  private corkForThisTurn(): boolean {
    // None before the first connection; after a lost one it is another.
    const stream = this.stream as Writable | undefined;
    if (!stream || stream === this.corked) return false;
    this.corked = stream;
    stream.cork();
    process.nextTick(() => {
      stream.uncork();
      this.corked = undefined;
    });
    return true;
  }
}
