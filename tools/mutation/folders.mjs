/**
 * @typedef {object} MutatedFolders Folders of one project that are mutated.
 * @property {string} project its folder below the workspace root.
 * @property {string[]} folders below the project, without a slash at the end.
 */

/** What `npm run mutate` mutates: the path of a message, and who may see it. @type {MutatedFolders[]} */
export const mutatedFolders = [
  { project: 'libs/framing', folders: ['src'] },
  { project: 'libs/queue', folders: ['src'] },
  { project: 'libs/registry', folders: ['src'] },
  { project: 'libs/rpc', folders: ['src'] },
  { project: 'libs/redis', folders: ['src'] },
  { project: 'libs/client', folders: ['src'] },
  { project: 'apps/task-worker', folders: ['src'] },
  {
    project: 'apps/logic',
    folders: ['messages', 'archive', 'presence', 'sessions', 'line', 'database-life'].map(
      (it) => `src/${it}`,
    ),
  },
  {
    project: 'apps/connect-gateway',
    folders: ['rooms', 'connections', 'frames', 'delivery', 'hints', 'lists', 'lifecycle'].map(
      (it) => `src/${it}`,
    ),
  },
];

/** @param {string} project @returns {string} the name people use: `queue` for `libs/queue`. */
export const shortName = (project) => project.split('/').at(-1) ?? project;
