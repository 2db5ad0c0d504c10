/** The config of a process is wrong. The message lists every problem, one per line, by name and never by value. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';

  /** @param problems - One sentence each; at least one. */
  constructor(
    app: string,
    readonly problems: readonly string[],
  ) {
    super(
      `${app} cannot start, its configuration has ${problems.length} problem(s):\n  - ${problems.join('\n  - ')}`,
    );
  }
}
