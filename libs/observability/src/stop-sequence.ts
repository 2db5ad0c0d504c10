import type { Logger } from 'pino';

/** What a process does when it is told to stop; `exit` is there for tests. */
export interface StopSteps {
  readonly logger: Pick<Logger, 'info' | 'fatal'>;
  /** Drain and close must be over within this time, else the process exits 1. Milliseconds. */
  readonly deadlineMs: number;
  readonly drain: () => Promise<void>;
  readonly close: () => Promise<void>;
  readonly exit: (code: number) => void;
}

/**
 * One Ctrl-C reaches a supervised process twice: from the terminal as SIGINT, from the supervisor as SIGTERM.
 * A signal this soon after the first is the same wish, not impatience. Milliseconds, chosen by judgement.
 */
const sameWishMs = 250;

/** Drain, close, exit 0: once. A second signal, a deadline missed or an error exits 1. */
export class StopSequence {
  private startedAt: number | undefined;

  constructor(private readonly steps: StopSteps) {}

  get started(): boolean {
    return this.startedAt !== undefined;
  }

  /** A signal: starts the sequence, or cuts it short. */
  onSignal(name: string): void {
    if (this.startedAt === undefined) this.start(name);
    else if (performance.now() - this.startedAt > sameWishMs) {
      this.steps.logger.info({ reason: name }, 'stopped at once');
      this.steps.exit(1);
    }
  }

  /** The supervisor is gone: starts the sequence, and never cuts it short. */
  onDisconnect(): void {
    if (!this.started) this.start('supervisor is gone');
  }

  private start(reason: string): void {
    const { logger, deadlineMs, exit } = this.steps;
    this.startedAt = performance.now();
    logger.info({ reason }, 'stopping');
    // Not unref'd: with nothing else left to wait for, the process would exit 0 in the middle of a drain.
    const timer = setTimeout(() => {
      logger.fatal({ deadlineMs }, 'stopping took too long');
      exit(1);
    }, deadlineMs);
    void this.run().then(
      () => {
        clearTimeout(timer);
        logger.info('stopped');
        exit(0);
      },
      (error: unknown) => {
        clearTimeout(timer);
        logger.fatal({ err: error }, 'stopping failed');
        exit(1);
      },
    );
  }

  private async run(): Promise<void> {
    await this.steps.drain();
    await this.steps.close();
  }
}
