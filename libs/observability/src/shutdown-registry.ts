import { Injectable } from '@nestjs/common';
import type { Logger } from 'pino';
import { within } from './within.js';

/** Hands over what others can do and finishes what is in hand. */
export type DrainHook = () => void | Promise<void>;

export interface DrainOptions {
  /** For the log. @defaultValue the function's name */
  readonly name?: string;
  /** Longest time it may take, milliseconds. @defaultValue what is left of the drain window */
  readonly timeoutMs?: number;
}

/** What to do, while everything still works, before the app is closed. */
@Injectable()
export class ShutdownRegistry {
  private readonly hooks: { readonly run: DrainHook; readonly name: string; readonly timeoutMs: number }[] =
    [];

  /**
   * Adds a hook. The last one added runs first, one after another: what was set up later relies on what was there
   * before.
   *
   * @returns Takes the hook away again.
   */
  onDrain(
    run: DrainHook,
    { name = run.name || 'drain', timeoutMs = Infinity }: DrainOptions = {},
  ): () => void {
    const hook = { run, name, timeoutMs };
    this.hooks.push(hook);
    return () => void (this.hooks.includes(hook) && this.hooks.splice(this.hooks.indexOf(hook), 1));
  }

  /** Runs every hook once, all of them within `budgetMs`. A late or failing hook is logged and does not stop the rest. */
  async drain(budgetMs: number, logger: Pick<Logger, 'warn'>): Promise<void> {
    const endsAt = performance.now() + budgetMs;
    for (const { run, name, timeoutMs } of this.hooks.splice(0).reverse()) {
      const leftMs = Math.max(0, Math.min(timeoutMs, endsAt - performance.now()));
      try {
        const work = Promise.resolve().then(run);
        if ((await within(work, leftMs)) === 'late')
          logger.warn({ hook: name, afterMs: leftMs }, 'drain is late');
      } catch (error) {
        logger.warn({ hook: name, err: error }, 'drain failed');
      }
    }
  }
}
