import { parseArgs } from 'node:util';
import { nearest } from '../../libs/config/src/nearest.mjs';
import { UserError } from './workspace.mjs';

const mostReplicas = 16;

export const startHelp = `npm start [-- options]

Installs what is missing, finds or starts Redis, builds what changed, runs the five
apps and keeps them running. Ctrl-C stops everything. Data is kept in ./.data

  --lan          let in everybody on this network: listens on all addresses, prints those
                 that others can open, with a QR code of the first
  --replicas N   N each of logic, connect-gateway and task-worker (1 to ${mostReplicas})
  --verbose      debug lines too
  --json         the apps' log lines as they are, one JSON object per line, on stdout;
                 what this command says itself goes to stderr
  --help         this text

Environment
  REDIS_URL            use this Redis
  PARLEY_HOST          address to listen on            (127.0.0.1; prod: all)
  PARLEY_ORIGINS       pages that may call             (this machine’s; prod: none)
  PARLEY_WEB_PORT      the site                        (8080)
  PARLEY_API_PORT      the HTTP API                    (7070)
  PARLEY_WS_PORT       WebSocket                       (7000)
  PARLEY_TCP_PORT      framed TCP, or off              (7001)
  PARLEY_DATA_DIR      where data is kept              (./.data)
  PARLEY_TLS_CERT_FILE, PARLEY_TLS_KEY_FILE
                       certificate and key, PEM: https, wss and TCP over TLS
  Every other PARLEY_* variable is passed on to the apps.`;

const flag = /** @type {const} */ ({ type: 'boolean', default: false });
const known = /** @type {const} */ ({
  replicas: { type: 'string', default: '1' },
  lan: flag,
  json: flag,
  verbose: flag,
  help: { ...flag, short: 'h' },
});

/**
 * @typedef {{ replicas: number, lan: boolean, json: boolean, verbose: boolean, help: boolean }} StartOptions
 * @param {string[]} args
 * @returns {StartOptions}
 * @throws {UserError} for anything that is not in the help.
 */
export function parseStartOptions(args) {
  try {
    const { values } = parseArgs({ args, options: known });
    const replicas = Number(values.replicas);
    if (!Number.isInteger(replicas) || replicas < 1 || replicas > mostReplicas) {
      throw new Error(`--replicas must be a whole number from 1 to ${mostReplicas}`);
    }
    const { lan, json, verbose, help } = values;
    return { replicas, lan, json, verbose, help };
  } catch (error) {
    const meant = meantOption(args);
    const hint = meant === undefined ? '' : `\nDid you mean ${meant}?`;
    throw new UserError(`${/** @type {Error} */ (error).message}${hint}\nSee: npm start -- --help`);
  }
}

/** @param {string[]} args @returns {string | undefined} what the first unknown option was meant to be. */
function meantOption(args) {
  const names = Object.keys(known);
  const unknown = args
    .filter((arg) => arg.startsWith('--'))
    .map((arg) => arg.slice(2).split('=')[0] ?? '')
    .find((name) => !names.includes(name));
  const meant = unknown === undefined ? undefined : nearest(unknown, names);
  return meant === undefined ? undefined : `--${meant}`;
}
