import { UserError } from './workspace.mjs';

/**
 * Runs a command-line tool: an error meant for people is printed as its message, anything else with its stack.
 * @param {(args: string[]) => Promise<void>} run
 */
export async function main(run) {
  try {
    await run(process.argv.slice(2));
  } catch (error) {
    const text =
      error instanceof UserError
        ? error.message
        : error instanceof Error
          ? (error.stack ?? error.message)
          : String(error);
    process.stderr.write(`\n${text}\n`);
    process.exitCode = 1;
  }
}
