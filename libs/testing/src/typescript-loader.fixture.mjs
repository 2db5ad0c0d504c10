/** Lets plain Node import this library's TypeScript in a child process. Test use only. */
import { register } from 'node:module';

const hooks = `
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import ts from ${JSON.stringify(import.meta.resolve('typescript'))};
export async function resolve(specifier, context, next) {
  if (/^\\..*\\.js$/.test(specifier) && context.parentURL?.endsWith('.ts')) specifier = specifier.replace(/\\.js$/, '.ts');
  return next(specifier, context);
}
export async function load(url, context, next) {
  if (!url.endsWith('.ts')) return next(url, context);
  const source = await readFile(fileURLToPath(url), 'utf8');
  const compilerOptions = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 };
  return { format: 'module', shortCircuit: true, source: ts.transpileModule(source, { compilerOptions }).outputText };
}`;
register(`data:text/javascript,${encodeURIComponent(hooks)}`, import.meta.url);
