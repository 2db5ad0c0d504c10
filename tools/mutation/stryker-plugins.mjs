/** Plugins of Stryker's: what is not mutated beyond types, and which mutants are tried. */
import { PluginKind, declareClassPlugin, declareValuePlugin } from '@stryker-mutator/api/plugin';
import { isSampled } from './sample.mjs';

const logLevels = new Set(['trace', 'debug', 'info', 'warn', 'error', 'fatal']);

/** `logger.warn(…)`, `this.#log.error(…)`. @param {any} path */
function isLogCall({ node }) {
  if (node.type !== 'CallExpression' || node.callee.type !== 'MemberExpression') return false;
  const { object, property } = node.callee;
  const receiver = object.type === 'MemberExpression' ? object.property : object;
  const name = receiver.type === 'PrivateName' ? receiver.id.name : receiver.name;
  return logLevels.has(property.name) && /^(log|logger)$/i.test(name ?? '');
}

/** The text in `new SomethingError('…')`. @param {any} path */
function isErrorText({ node, parentPath }) {
  if (node.type !== 'StringLiteral' && node.type !== 'TemplateLiteral') return false;
  return parentPath?.node.type === 'NewExpression' && /Error$/.test(parentPath.node.callee.name ?? '');
}

/** Takes one mutant in `MUTATE_ONE_IN`; Stryker counts the others as errors, outside of its score. */
class SampleChecker {
  init() {
    return Promise.resolve();
  }

  /** @param {import('@stryker-mutator/api/core').Mutant[]} mutants */
  group(mutants) {
    return Promise.resolve([mutants.map(({ id }) => id)]);
  }

  /** @param {import('@stryker-mutator/api/core').Mutant[]} mutants */
  check(mutants) {
    const oneIn = Number(process.env['MUTATE_ONE_IN'] ?? 1);
    return Promise.resolve(
      Object.fromEntries(
        mutants.map((mutant) => [
          mutant.id,
          isSampled(mutant, oneIn, `${process.cwd()}/`)
            ? { status: 'passed' }
            : { status: 'compileError', reason: 'not in the sample' },
        ]),
      ),
    );
  }
}

export const strykerPlugins = [
  declareValuePlugin(PluginKind.Ignore, 'prose', {
    /** @param {any} path Babel's. */
    shouldIgnore(path) {
      if (isLogCall(path)) return 'a log line';
      if (isErrorText(path)) return 'the text of an error';
      // Declarations that Nest reads while a file loads.
      if (path.node.type === 'Decorator') return 'a decorator';
      return undefined;
    },
  }),
  declareClassPlugin(PluginKind.Checker, 'sample', /** @type {any} */ (SampleChecker)),
];
