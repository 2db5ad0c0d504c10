import { eventually } from '@parley/testing';
import type { AppName, AppProcess, Stack } from '../stack.js';

/** As long as a supervisor waits at first, and until it is of no use any more, milliseconds. */
const [RESPAWN_PAUSE_MS, RESPAWN_TIMEOUT_MS] = [500, 60_000];

/** A place for one process of an app: whatever happens to the process, its successor has the same name and addresses. */
export class Slot {
  private current: AppProcess;

  private constructor(
    private readonly stack: Stack,
    readonly app: AppName,
    /** Which of the app's processes, from 1. */
    readonly number: number,
    readonly env: Readonly<Record<string, string>>,
    started: AppProcess,
  ) {
    this.current = started;
  }

  /** Starts the place's first process. */
  static async fill(
    stack: Stack,
    app: AppName,
    number: number,
    env: Readonly<Record<string, string>>,
  ): Promise<Slot> {
    return new Slot(stack, app, number, env, await stack.spawn(app, env));
  }

  /** The process that is here now, or was last. */
  get process(): AppProcess['process'] {
    return this.current.process;
  }

  port(name: string): number {
    return this.current.ports[name] ?? 0;
  }

  /**
   * Starts a successor; resolves when it says that it is ready. One that ends first, because what it needs is away at the same
   * time, is started again, as by a supervisor.
   */
  async respawn(): Promise<void> {
    this.current = await eventually(() => this.stack.spawn(this.app, this.env), {
      timeoutMs: RESPAWN_TIMEOUT_MS,
      intervalMs: RESPAWN_PAUSE_MS,
    });
  }
}
