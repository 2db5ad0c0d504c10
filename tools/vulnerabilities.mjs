/**
 * Known vulnerabilities of what production has, by `npm audit`, but for those that docs/vulnerabilities.json answers:
 *
 *     npm run vulnerabilities
 *
 * Ends with 1 when there are others, and with 2 when the registry does not say.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { auditProblems, readAudit } from './lib/audit.mjs';
import { main } from './lib/main.mjs';
import { root, UserError } from './lib/workspace.mjs';

await main(async (args) => {
  if (args.length > 0) throw new UserError('usage: npm run vulnerabilities');
  const answered = JSON.parse(readFileSync(path.join(root, 'docs/vulnerabilities.json'), 'utf8'));
  const ran = spawnSync('npm', ['audit', '--omit=dev', '--json'], {
    cwd: root,
    encoding: 'utf8',
    timeout: 60_000,
    maxBuffer: 64 * 1024 * 1024,
  });
  const audit = readAudit(ran.stdout ?? '');
  if ('unanswered' in audit) {
    process.stdout.write(
      `NOT KNOWN: the registry does not answer for vulnerabilities: ${audit.unanswered}\n`,
    );
    process.exitCode = 2;
    return;
  }
  const problems = auditProblems(audit.advisories, answered);
  for (const problem of problems) process.stdout.write(`${problem}\n`);
  const known = audit.advisories.length;
  process.stdout.write(
    problems.length > 0
      ? 'Update them, or answer in docs/vulnerabilities.json why they do not concern Parley.\n'
      : `No known vulnerability${known > 0 ? ` but the ${known} that docs/vulnerabilities.json answers` : ''}.\n`,
  );
  if (problems.length > 0) process.exitCode = 1;
});
