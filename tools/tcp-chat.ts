/**
 * A chat client for the terminal, over framed TCP:
 *
 *     npm run tcp-chat -- --user demo2 --room 1
 *
 * Lines come from the keyboard or from a pipe. At the end of a pipe it waits for the answers to what it sent, then ends.
 */
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import {
  ApiError,
  ClientError,
  commandsFor,
  decideByName,
  ParleyApi,
  ParleyClient,
  readCommand,
  type PendingSend,
} from '@parley/client';
import { tcpTransport } from '@parley/client/node';
import { CloseCode, type ActInput, type Message } from '@parley/protocol';
import { eventLine } from './lib/event-lines.js';
import { localParley, nothingRuns } from './lib/local-parley.mjs';

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

interface Options {
  readonly user: string;
  readonly password: string;
  readonly roomId: number;
  readonly api: string;
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
}

/** Said to the person as it is, without a stack. */
class UsageError extends Error {}

/** Close codes that end it for good, in words. */
const endings: Partial<Record<number, string>> = {
  [CloseCode.unauthenticated]: 'The log-in has expired: start again.',
  [CloseCode.sessionRevoked]: 'This session was logged out elsewhere.',
  [CloseCode.abuse]: 'The server closed the connection: too many refused frames.',
};

/** How long the end of the input waits for what it asked for to be shown, milliseconds. */
const SHOW_WITHIN_MS = 2_000;

const isInteractive = process.stdin.isTTY && process.stdout.isTTY;
const terminal = createInterface({
  input: process.stdin,
  ...(isInteractive && { output: process.stdout, prompt: '> ' }),
});
/** Lines that came before anybody listened: a pipe is faster than a log-in. */
const early: string[] = [];
let onLine = (line: string): void => void early.push(line);
let hasEnded = false;
let onEnd = (): void => undefined;
terminal.on('line', (line) => onLine(line));
terminal.on('close', () => {
  hasEnded = true;
  onEnd();
});
terminal.on('SIGINT', () => process.exit(0));

try {
  const options = readOptions(process.argv.slice(2));
  if (options) process.exitCode = await chat(options);
} catch (error) {
  say(`! ${inWords(error)}`);
  process.exitCode = 1;
}
terminal.close();
// A log-in or a socket may still be under way; nothing of it is wanted any more.
process.exit();

/** @returns undefined when only help was asked for. */
function readOptions(args: string[]): Options | undefined {
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

/** @returns The exit code: 0 when everything that was sent is acknowledged. */
async function chat({ user, password, roomId, api, host, port, tls }: Options): Promise<number> {
  const { token, user: me } = await new ParleyApi({ baseUrl: api })
    .login(user, password)
    .catch((error: unknown) => {
      if (error instanceof ApiError && error.code === 'NETWORK')
        throw new UsageError(nothingRuns(api, '--api, PARLEY_API_PORT'));
      throw new UsageError(`Log-in as ${user} at ${api} failed: ${inWords(error)}`);
    });
  const client = new ParleyClient({
    transport: tcpTransport({ host, port }, { tls }),
    getToken: () => token,
  });
  const sends = new Set<Promise<void>>();
  /** Highest acknowledged seq by room. */
  const acked = new Map<number, number>();
  let failures = 0;
  let finish: (code: number) => void = () => undefined;
  const finished = new Promise<number>((resolve) => (finish = resolve));

  const track = ({ result }: PendingSend, text: string): void => {
    const settled = result.then((outcome) => {
      sends.delete(settled);
      // An ack is silent: the message itself comes back through the room.
      if (outcome.status === 'acked') return void acked.set(outcome.ack.roomId, outcome.ack.seq);
      failures++;
      const why = outcome.status === 'refused' ? outcome.error.message : `No answer (${outcome.reason}).`;
      say(`! Not sent: "${text}". ${why}`);
    });
    sends.add(settled);
  };

  /** Who has no account, as the server says. */
  const guests = new Set<number>();
  const named = ({ userId, userName }: { readonly userId: number; readonly userName: string }): string =>
    guests.has(userId) ? `${userName} [guest]` : userName;
  let present: ReadonlyMap<string, string> | undefined;
  let wantsList = false;
  const shown = ([id, userName]: readonly [string, string]): string =>
    `${named({ userId: Number(id), userName })} (${id})`;
  const showPresence = (count: number, info: Readonly<Record<string, string>>): void => {
    const now = new Map(Object.entries(info));
    const before = present;
    present = now;
    if (wantsList) {
      wantsList = false;
      const more = count > now.size ? ` and ${count - now.size} more` : '';
      say(`* ${count} online: ${[...now].map(shown).join(', ')}${more}`);
    } else if (before && count === now.size) {
      // A cut list would make people seem to come and go.
      for (const member of now) if (!before.has(member[0])) say(`* ${shown(member)} is here`);
      for (const member of before) if (!now.has(member[0])) say(`* ${shown(member)} has left`);
    }
  };

  /** Who was seen here, by name: somebody who has left can still be banned. */
  const seen = new Map<string, { readonly userId: number; readonly userName: string }>();
  const see = (userId: number, userName: string) =>
    void seen.set(userName.toLowerCase(), { userId, userName });
  const perform = (act: ActInput): void => {
    const settled = client
      .act(roomId, act)
      .then(({ seq }) => {
        acked.set(roomId, Math.max(seq, acked.get(roomId) ?? 0));
      })
      .catch((error: unknown) => {
        failures++;
        say(`! Not done: ${inWords(error)}`);
      })
      .finally(() => void sends.delete(settled));
    sends.add(settled);
  };
  const decide = (command: { readonly admit: boolean; readonly whom: string }): void => {
    const settled = decideByName(new ParleyApi({ baseUrl: api, getToken: () => token }), roomId, command)
      .then((decided) =>
        say(
          decided
            ? `* ${decided.decided} ${command.admit ? 'let in' : 'not let in'}, ${decided.waiting} still wait`
            : `! Nobody who waits is called ${printable(command.whom)}`,
        ),
      )
      .catch((error: unknown) => {
        failures++;
        say(`! Not done: ${inWords(error)}`);
      })
      .finally(() => void sends.delete(settled));
    sends.add(settled);
  };
  const showHelp = (): void => {
    const role = client.roomState(roomId)?.role ?? 'member';
    say(
      `* /who, /msg <userId> <text>, /quit, ${commandsFor(role)
        .map(({ usage }) => usage)
        .join(', ')}`,
    );
  };

  let wasLost = false;
  let wasConnected = false;
  client.on('message', (message) => {
    const { fromUserId: userId, fromUserName: userName } = message;
    see(userId, userName);
    if (message.fromGuest) guests.add(userId);
    say(line(message, named({ userId, userName })));
  });
  client.on('event', ({ entry, event }) => {
    if (event) say(`* ${printable(eventLine(event, named))} [${entry.seq}]`);
  });
  let waiting = 0;
  client.on('lobby', ({ waiting: now }) => {
    if (now > waiting) say(`* ${now} wait to be let in: /admit [user|all], /deny [user|all]`);
    waiting = now;
  });
  client.on('putOut', ({ reason, note }) => {
    say(
      `! You were ${reason === 'kicked' ? 'put out of' : 'banned from'} the room.${note ? ` ${printable(note)}` : ''}`,
    );
    finish(1);
  });
  client.on('direct', (message) =>
    say(
      line(
        message,
        message.fromUserId === me.userId
          ? `you to ${message.toUserName}`
          : `${message.fromUserName} (${message.fromUserId}) to you`,
      ),
    ),
  );
  client.on('info', ({ roomId: of, count, roomUserInfo, guests: among = [] }) => {
    if (of !== roomId) return;
    for (const userId of among) guests.add(userId);
    for (const [id, name] of Object.entries(roomUserInfo)) see(Number(id), name);
    showPresence(count, roomUserInfo);
  });
  client.on('count', ({ roomId: of, count }) => {
    // Large rooms announce how many, not who.
    if (of === roomId) present = undefined;
    if (of === roomId && isInteractive) say(`* ${count} online`);
  });
  client.on('state', ({ state, retryInMs }) => {
    if (state === 'online') wasConnected = true;
    if (state === 'reconnecting' && !wasConnected && retryInMs !== undefined) {
      say(`! ${nothingRuns(`${host}:${port}`, '--host, --port, PARLEY_TCP_PORT')}`);
      return finish(1);
    }
    if (state === 'reconnecting' && !wasLost) say(`* No connection to ${host}:${port}, trying again`);
    if (state === 'reconnecting' && retryInMs !== undefined) wasLost = true;
  });
  client.on('joined', () => {
    if (wasLost) say('* Connected again');
    wasLost = false;
  });
  client.on('epoch', () => say('* The server has lost recent data; messages may be missing here'));
  client.on('gaveUp', ({ what, from, to, reason }) => {
    if (what === 'messages') say(`! Messages ${from} to ${to ?? 'now'} could not be read (${reason}).`);
  });
  client.on('error', ({ message }) => say(`! ${message}`));
  client.on('ended', ({ code, reason }) => {
    if (code === 1000) return;
    say(`! ${endings[code] ?? `The server ended the connection (${code} ${reason}).`}`);
    finish(1);
  });

  client.connect();
  const joining = client.join(roomId);
  process.once('SIGTERM', () => finish(0));
  const first = await Promise.race([joining, finished]);
  if (typeof first === 'number') return first;
  say(`* ${me.userName} (${me.userId}) is in room ${roomId}. /who, /msg <userId> <text>, /help, /quit`);

  let isQuitting = false;
  const handle = (typed: string): void => {
    const text = typed.trim();
    const [command = '', argument = ''] = text.split(/\s+/, 2);
    // A pipe's lines behind /quit may be read already.
    if (text === '' || isQuitting) return;
    if (command === '/quit') {
      isQuitting = true;
      terminal.close();
    } else if (command === '/who') {
      wantsList = true;
      client.requestInfo(roomId);
    } else if (command === '/msg') {
      const message = /^\/msg\s+[1-9]\d{0,14}\s+(\S[\s\S]*)$/.exec(text)?.[1];
      if (message === undefined) say('! Use: /msg <userId> <text>');
      else track(client.sendDirect(Number(argument), message), message);
    } else run(text);
  };
  const run = (typed: string): void => {
    const command = readCommand(typed, { userOf: (name) => seen.get(name.toLowerCase()) });
    switch (command.kind) {
      case 'text':
        return track(client.send(roomId, command.text), command.text);
      case 'act':
        return perform(command.act);
      case 'decide':
        return decide(command);
      case 'nick':
        return say('! Your account has its name; guests alone take another one.');
      case 'whisper':
        if (command.text === '') return say('! Use: /w <user> <text>');
        return track(client.sendDirect(command.userId, command.text), command.text);
      case 'help':
        return showHelp();
      case 'unknown':
        return say(`! There is no /${command.name}: /who, /msg <userId> <text>, /help, /quit`);
      case 'wrong':
        return say(
          command.problem === 'user'
            ? `! Nobody here is called ${printable(command.name ?? '')}`
            : `! Use: ${command.usage}`,
        );
    }
  };
  onLine = (typed) => {
    handle(typed);
    if (isInteractive) terminal.prompt();
  };
  for (const typed of early.splice(0)) handle(typed);
  const isShown = () =>
    !wantsList && [...acked].every(([room, seq]) => (client.position(room)?.seq ?? 0) >= seq);
  const settle = async (): Promise<void> => {
    await Promise.all(sends);
    const deadline = Date.now() + SHOW_WITHIN_MS;
    while (!isShown() && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20));
    finish(failures > 0 ? 1 : 0);
  };
  onEnd = () => void settle();
  if (hasEnded) onEnd();
  if (isInteractive) terminal.prompt();
  const code = await finished;
  await client.close();
  return code;
}

function line({ sentAt, msg, seq, deleted }: Message, from: string): string {
  const time = new Date(sentAt).toTimeString().slice(0, 8);
  return `${time} ${printable(from)}: ${deleted ? '(deleted)' : printable(msg)}${isInteractive ? `  [${seq}]` : ''}`;
}

/** Others' text must not move the cursor or recolour the screen. */
function printable(text: string): string {
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '\ufffd');
}

/** Writes a line above what is being typed. */
function say(text: string): void {
  if (!isInteractive) return void process.stdout.write(`${text}\n`);
  process.stdout.write(`\r\u001b[K${text}\n`);
  if (!hasEnded) terminal.prompt(true);
}

function inWords(error: unknown): string {
  if (error instanceof ApiError || error instanceof ClientError) return error.message;
  return error instanceof Error ? error.message : String(error);
}
