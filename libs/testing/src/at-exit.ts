/** Something to undo, synchronously, when this process ends without having done so itself. */
export type ExitCleanup = () => void;

const cleanups = new Set<ExitCleanup>();
let installed = false;

/**
 * Registers a last resort: called when this process exits, also by SIGINT, SIGTERM or SIGHUP.
 * Nothing helps against SIGKILL.
 *
 * @returns Call it once the thing is gone; the cleanup will not run then.
 */
export function onExit(cleanup: ExitCleanup): () => void {
  install();
  cleanups.add(cleanup);
  return () => cleanups.delete(cleanup);
}

function install(): void {
  if (installed) return;
  installed = true;
  process.on('exit', runAll);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    // A signal without a listener ends Node without an 'exit' event.
    const handler = (): void => {
      runAll();
      process.removeListener(signal, handler);
      // Alone: die of the signal, as without us. Otherwise another listener has a say in how to end.
      if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
    };
    process.on(signal, handler);
  }
}

function runAll(): void {
  for (const cleanup of cleanups) {
    try {
      cleanup();
    } catch {
      // One failing cleanup must not keep the others from running.
    }
  }
  cleanups.clear();
}
