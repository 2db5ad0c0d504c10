import { fork, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import type { Came, Come, Command, Go, Publish, Published } from './commands.js';

type Answer = { readonly result?: unknown; readonly error?: string };

/** The load generator, seen from the bench. One command at a time. */
export class LoadProcess {
  private constructor(private readonly child: ChildProcess) {}

  /** @param root - The workspace. */
  static async start(root: string): Promise<LoadProcess> {
    const child = fork(join(root, 'tools/run.mjs'), [join(root, 'e2e/src/bench/load/main.ts')], {
      cwd: root,
      execArgv: [],
    });
    const load = new LoadProcess(child);
    await load.next();
    return load;
  }

  run(command: Come): Promise<Came>;
  run(command: Publish): Promise<Published>;
  run(command: Go): Promise<null>;
  run(command: Command): Promise<unknown> {
    const answer = this.next();
    this.child.send(command);
    return answer;
  }

  stop(): void {
    this.child.kill('SIGKILL');
  }

  private next(): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const onExit = (code: number | null) => reject(new Error(`the load generator ended with ${code}`));
      this.child.once('exit', onExit);
      this.child.once('message', ({ result, error }: Answer) => {
        this.child.off('exit', onExit);
        if (error === undefined) resolve(result);
        else reject(new Error(error));
      });
    });
  }
}
