/** What a server says when it is not, or no longer, the one to write to. */
const NOT_PRIMARY = [
  /**
   * A replica. From a script, too: Redis 7 and Valkey put the code first and the place behind it, Redis 6 the other way
   * round (`… @user_script: 1: -READONLY …`); a script that says by its `#!` line that it writes is refused beforehand.
   */
  /(^|-)READONLY /,
  /** A replica without its primary. */
  /(^|-)MASTERDOWN /,
  /** A blocked read, when its server became a replica. */
  /^UNBLOCKED force unblock /,
  /** A replica that is being given a whole copy. (After a start nobody has an open connection.) */
  /^LOADING /,
  /^ERR WAIT(AOF)? cannot be used with replica instances/,
];

/** A primary that knows too few replicas to write: perhaps it is the wrong side of a cut, and the address leads elsewhere now. */
const CUT_OFF = /(^|-)NOREPLICAS /;

/** What an error says about the server that gave it. */
export type ServerVerdict = 'not-primary' | 'cut-off' | undefined;

/** Judges an error's text; undefined for one that is about the command. */
export function judgeServer(message: string): ServerVerdict {
  if (NOT_PRIMARY.some((pattern) => pattern.test(message))) return 'not-primary';
  return CUT_OFF.test(message) ? 'cut-off' : undefined;
}

/** Why writes are refused, in words for whoever watches; never the server's own text. */
export function whyRefused(message: string): string {
  const reasons: Record<string, string> = {
    READONLY: 'read-only replica',
    MASTERDOWN: 'replica without a primary',
    LOADING: 'loading its data',
    NOREPLICAS: 'too few replicas for a write',
    OOM: 'out of memory',
    MISCONF: 'cannot write its files',
    NOAUTH: 'asks for a password',
    WRONGPASS: 'wrong password',
    NOPERM: 'may not write',
    BUSY: 'busy with a script',
    CLUSTERDOWN: 'cluster is down',
  };
  return reasons[/^-?([A-Z]+) /.exec(message)?.[1] ?? ''] ?? 'refuses writes';
}
