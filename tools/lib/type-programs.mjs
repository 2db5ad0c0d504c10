import path from 'node:path';
import ts from 'typescript';
import { root } from './workspace.mjs';

/** What has the same libraries to type against: Node.js alone, a browser too, and JavaScript. */
export const typePrograms = {
  node: 'tools/types/node.json',
  browser: 'tools/types/browser.json',
  tools: 'tools/tsconfig.json',
};

/**
 * @param {string} config tsconfig, from the root.
 * @returns {ts.ParsedCommandLine} what is wrong with it is in `errors`.
 */
export function parseProgram(config) {
  const file = path.join(root, config);
  const { config: json, error } = ts.readConfigFile(file, (name) => ts.sys.readFile(name));
  const parsed = ts.parseJsonConfigFileContent(json, ts.sys, path.dirname(file), undefined, file);
  return error ? { ...parsed, errors: [error, ...parsed.errors] } : parsed;
}

/**
 * @param {string} config tsconfig, from the root.
 * @returns {string[]} folders, from the root, of the Nx projects whose files the program is of.
 */
export function projectsOf(config) {
  const projects = parseProgram(config).fileNames.map((file) => {
    const [top = '', name = ''] = path.relative(root, file).split(path.sep);
    return top === 'apps' || top === 'libs' ? `${top}/${name}` : top;
  });
  return [...new Set(projects)];
}
