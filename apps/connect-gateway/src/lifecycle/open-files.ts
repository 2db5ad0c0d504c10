import type { Logger } from 'pino';

/**
 * Files and sockets that this process may have open at once; Infinity without a limit, or where the system does not tell.
 * Node.js has raised it as far as it may when it started.
 *
 * @see getrlimit(2), RLIMIT_NOFILE
 */
export function openFilesLimit(): number {
  // Looking up the names of open connections takes its time, and nobody asked for them. Node's types do not know of it yet.
  const report = Object.assign(process.report, { excludeNetwork: true });
  const { userLimits } = report.getReport() as {
    userLimits?: { open_files?: { soft: number | 'unlimited' } };
  };
  const soft = userLimits?.open_files?.soft;
  return typeof soft === 'number' ? soft : Infinity;
}

/** Each connection is an open file: says so at the start when there are not enough of them. The operating system would refuse people without a word. */
export function warnOfFewFiles(
  logger: Pick<Logger, 'warn'>,
  maxConnections: number,
  openFiles = openFilesLimit(),
): void {
  if (openFiles >= maxConnections) return;
  const how = 'raise the hard limit of open files (ulimit -Hn), or lower PARLEY_MAX_CONNECTIONS';
  logger.warn({ openFiles, maxConnections, how }, 'fewer files may be open than connections are allowed');
}
