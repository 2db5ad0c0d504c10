/**
 * Proves that the arrows between projects are enforced: writes files that break them, lints these, and
 * expects exactly the boundary error for each. A file that breaks nothing must pass, else the proof would
 * also be content with a rule that refuses everything.
 */
import { mkdirSync, rmSync, rmdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { ESLint } from 'eslint';
import tseslint from 'typescript-eslint';
import { main } from './lib/main.mjs';
import { nxEntry, nxEnv, withNxEnv } from './lib/nx.mjs';
import { endRunningCommands, runCommand } from './lib/run-command.mjs';
import { UserError, root } from './lib/workspace.mjs';

const rule = '@nx/enforce-module-boundaries';
const timeoutMs = 180_000;

/** @typedef {{ file: string, imports: string, says: RegExp | undefined, what: string }} Proof */

/** @type {Proof[]} */
const proofs = [
  {
    what: 'a protocol that depends on another lib',
    file: 'libs/protocol/src/boundary-violation.ts',
    imports: '@parley/sharding',
    says: /layer:protocol/,
  },
  {
    what: 'a queue that reaches for the registry',
    file: 'libs/queue/src/boundary-violation.ts',
    imports: '@parley/registry',
    says: /layer:queue/,
  },
  {
    what: 'an app that imports another app',
    file: 'apps/logic/src/boundary-violation.ts',
    imports: '../../gateway-api/src/main.js',
    says: /relative or absolute path|layer:app|cannot be imported/,
  },
  {
    what: 'a site that reaches for Redis',
    file: 'apps/web/src/boundary-violation.ts',
    imports: '@parley/redis',
    says: /layer:web/,
  },
  {
    what: 'an app that uses an infrastructure lib (allowed)',
    file: 'apps/logic/src/boundary-allowed.ts',
    imports: '@parley/redis',
    says: undefined,
  },
];

/** Folders made for the files above, the deepest first. @type {string[]} */
const madeFolders = [];

function write() {
  for (const { file, imports } of proofs) {
    const folder = path.dirname(path.join(root, file));
    const first = mkdirSync(folder, { recursive: true });
    if (first) madeFolders.push(folder);
    writeFileSync(
      path.join(root, file),
      `import * as imported from '${imports}';\n\nexport const proof = imported;\n`,
    );
  }
}

function remove() {
  for (const { file } of proofs) rmSync(path.join(root, file), { force: true });
  for (const folder of madeFolders.splice(0)) {
    try {
      rmdirSync(folder);
    } catch {
      // Somebody put something else there.
    }
  }
}

await main(async () => {
  // Also when we are interrupted: a file left behind would break everybody's lint.
  process.on('exit', remove);
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
    process.once(signal, () => void endRunningCommands().finally(() => process.exit(130)));
  }
  // The rule reads Nx's cached project graph, and without one says nothing at all.
  const graph = await runCommand(process.execPath, [nxEntry, 'show', 'projects'], {
    cwd: root,
    env: withNxEnv(process.env),
    timeoutMs,
  });
  if (!graph.ok) throw new UserError(`Nx could not list the projects:\n${graph.output}`);

  // The rule asks for no types, and these are most of the time of lint.
  const eslint = new ESLint({ cwd: root, overrideConfig: tseslint.configs.disableTypeChecked });
  Object.assign(process.env, nxEnv);
  write();
  const results = await eslint.lintFiles(proofs.map(({ file }) => file));
  remove();

  const failures = proofs.flatMap((proof) => {
    const messages = results.find(({ filePath }) => filePath === path.join(root, proof.file))?.messages;
    const problem = messages ? disagreement(proof, messages) : 'was not linted';
    console.log(`${problem ? 'FAILED' : 'ok    '} ${proof.what}${problem ? `: ${problem}` : ''}`);
    return problem ? [problem] : [];
  });
  if (failures.length > 0) throw new UserError('The boundary rule does not do its work.');
});

/**
 * @typedef {{ ruleId: string | null, severity: number, message: string }} LintMessage
 * @param {Proof} proof
 * @param {LintMessage[]} messages
 * @returns {string | undefined}
 */
function disagreement({ says }, messages) {
  const shown = messages.map(({ ruleId, message }) => `${ruleId}: ${message}`).join('; ') || 'nothing';
  if (!says) return messages.length === 0 ? undefined : `expected no error, got ${shown}`;
  const [only] = messages;
  const isExact =
    messages.length === 1 && only?.ruleId === rule && only.severity === 2 && says.test(only.message);
  return isExact ? undefined : `expected exactly one ${rule} error, got ${shown}`;
}
