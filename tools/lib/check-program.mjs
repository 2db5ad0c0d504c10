/**
 * Checks the types of one TypeScript program, then lints folders with the types that are known by then:
 *
 *     node tools/lib/check-program.mjs tools/types/node.json apps/logic libs/queue
 *
 * With no folders it checks types alone.
 */
import path from 'node:path';
import { ESLint } from 'eslint';
import ts from 'typescript';
import { main } from './main.mjs';
import { parseProgram } from './type-programs.mjs';
import { UserError, root } from './workspace.mjs';

/** @type {import('typescript').FormatDiagnosticsHost} */
const host = {
  getCanonicalFileName: (file) => file,
  getCurrentDirectory: () => root,
  getNewLine: () => '\n',
};

await main(async ([config, ...folders]) => {
  if (!config) throw new UserError('usage: node tools/lib/check-program.mjs <tsconfig> [folders]');
  const { options, fileNames, errors } = parseProgram(config);
  const program = ts.createProgram({ rootNames: fileNames, options, configFileParsingDiagnostics: errors });
  const mistakes = ts.sortAndDeduplicateDiagnostics(ts.getPreEmitDiagnostics(program));
  process.stdout.write(ts.formatDiagnostics(mistakes, host));
  if (mistakes.length > 0) process.exitCode = 1;
  if (folders.length === 0) return;

  const eslint = new ESLint({
    cwd: root,
    overrideConfig: {
      files: ['**/*.ts', '**/*.tsx'],
      languageOptions: { parserOptions: { projectService: false, programs: [program] } },
    },
  });
  const results = await eslint.lintFiles(folders.map((folder) => path.join(root, folder)));
  const { format } = await eslint.loadFormatter('stylish');
  process.stdout.write(await format(results));
  if (results.some(({ errorCount }) => errorCount > 0)) process.exitCode = 1;
});
