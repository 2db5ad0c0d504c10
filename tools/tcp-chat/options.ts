import { parseArgs } from 'node:util';
import { localParley } from '../lib/local-parley.mjs';

const HELP = `npm run tcp-chat -- --user <name> [options]

  --user NAME       account to log in as
  --password WORD   its password                    (111111, the demo accounts')
  --room ID         room to join                    (1)
  --api URL         the HTTP API, for the log-in    (http://127.0.0.1:7070, PARLEY_API_PORT)
  --host HOST       the TCP gateway                 (127.0.0.1, PARLEY_HOST)
  --port PORT       its port                        (7001, PARLEY_TCP_PORT)
  --tls             TCP over TLS                    (with an https API, PARLEY_TLS_CERT_FILE)
  --help            this text

Every line is sent to the room, but for
  /who                   who is online
  /msg <userId> <text>   a direct message
  /quit                  leave; so do Ctrl-C and the end of the input
  /help                  what hosts can do: /timeout, /ban, /delete, /slow, /hosts, /announce, /shield …

A certificate that this machine does not trust by itself: NODE_EXTRA_CA_CERTS=<its authority, PEM>`;

/** What was asked for at the command line, or follows from the environment. */
export interface Options {
  readonly user: string;
  readonly password: string;
  readonly roomId: number;
  readonly api: string;
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
}

/** Said to the person as it is, without a stack. */
export class UsageError extends Error {}

/** @returns undefined when only help was asked for. @throws {UsageError} */
export function readOptions(args: string[]): Options | undefined {
  const text = (fallback: string) => ({ type: 'string' as const, default: fallback });
  const here = localParley(process.env);
  let values;
  try {
    ({ values } = parseArgs({
      args,
      options: {
        user: text(''),
        password: text('111111'),
        room: text('1'),
        api: text(here.api),
        host: text(here.tcpHost),
        port: text(String(here.tcpPort ?? 'off')),
        tls: { type: 'boolean', default: here.tls },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }));
  } catch (error) {
    throw new UsageError(`${(error as Error).message}\n${HELP}`);
  }
  if (values.help) {
    process.stdout.write(`${HELP}\n`);
    return undefined;
  }
  if (values.user === '') throw new UsageError(`--user is missing.\n${HELP}`);
  if (values.port === 'off')
    throw new UsageError('PARLEY_TCP_PORT is off: this Parley speaks no TCP. Elsewhere: --port');
  const whole = (name: string, value: string, most: number): number => {
    const number = /^\d{1,16}$/.test(value) ? Number(value) : 0;
    if (number < 1 || number > most)
      throw new UsageError(`--${name} must be a whole number from 1 to ${most}.`);
    return number;
  };
  if (!URL.canParse(values.api)) throw new UsageError('--api must be a URL like http://127.0.0.1:7070.');
  return {
    user: values.user,
    password: values.password,
    roomId: whole('room', values.room, Number.MAX_SAFE_INTEGER),
    api: values.api,
    host: values.host,
    port: whole('port', values.port, 65_535),
    tls: values.tls || values.api.startsWith('https:'),
  };
}
