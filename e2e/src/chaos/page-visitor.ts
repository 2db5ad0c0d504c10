import { rotating } from '@parley/client';
import { setTimeout as pause } from 'node:timers/promises';

const INTERVAL_MS = 250;
const TIMEOUT_MS = 3_000;

/** Somebody who opens the site again and again, as a browser behind a balancer would: another server when one is not there. */
export class PageVisitor {
  private stopped = true;
  private running: Promise<void> = Promise.resolve();
  private readonly next: () => string;

  /** @param failed - Told of each visit that no server answered. */
  constructor(
    private readonly urls: readonly string[],
    private readonly failed: () => void,
  ) {
    this.next = rotating(urls);
  }

  start(): void {
    if (!this.stopped) return;
    this.stopped = false;
    this.running = this.visitAgainAndAgain();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await this.running;
  }

  private async visitAgainAndAgain(): Promise<void> {
    while (!this.stopped) {
      if (!(await this.visit())) this.failed();
      await pause(INTERVAL_MS);
    }
  }

  /** Each server is asked, and the first once more: it may have come back just as the next one was taken down. */
  private async visit(): Promise<boolean> {
    for (let i = 0; i <= this.urls.length; i++) {
      const url = this.next();
      try {
        const page = await fetch(`${url}/`, { signal: AbortSignal.timeout(TIMEOUT_MS) });
        const config = await fetch(`${url}/config.json`, { signal: AbortSignal.timeout(TIMEOUT_MS) });
        const bodies = await Promise.all([page.text(), config.json()]);
        if (page.ok && config.ok && bodies[0].includes('<div id="root">')) return true;
      } catch {
        // Not there: the next one.
      }
    }
    return false;
  }
}
