/**
 * A chat client for the terminal, over framed TCP:
 *
 *     npm run tcp-chat -- --user demo2 --room 1
 *
 * Lines come from the keyboard or from a pipe. At the end of a pipe it waits for the answers to what it sent, then ends.
 */
import {
  ApiError,
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
import { nothingRuns } from './lib/local-parley.mjs';
import { readOptions, UsageError, type Options } from './tcp-chat/options.js';
import { People } from './tcp-chat/people.js';
import { Terminal } from './tcp-chat/terminal.js';
import { inWords, printable } from './tcp-chat/words.js';

/** Close codes that end it for good, in words. */
const endings: Partial<Record<number, string>> = {
  [CloseCode.unauthenticated]: 'The log-in has expired: start again.',
  [CloseCode.sessionRevoked]: 'This session was logged out elsewhere.',
  [CloseCode.abuse]: 'The server closed the connection: too many refused frames.',
};

/** How long the end of the input waits for what it asked for to be shown, milliseconds. */
const SHOW_WITHIN_MS = 2_000;

const terminal = new Terminal();
const say = (text: string): void => terminal.say(text);

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

  const people = new People(say);
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
    people.see(userId, userName);
    if (message.fromGuest) people.addGuest(userId);
    say(line(message, people.named({ userId, userName })));
  });
  client.on('event', ({ entry, event }) => {
    if (event) say(`* ${printable(eventLine(event, people.named))} [${entry.seq}]`);
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
    for (const userId of among) people.addGuest(userId);
    people.nowPresent(count, roomUserInfo);
  });
  client.on('count', ({ roomId: of, count }) => {
    if (of !== roomId) return;
    people.forgetPresent();
    if (terminal.isInteractive) say(`* ${count} online`);
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
      people.wantsList = true;
      client.requestInfo(roomId);
    } else if (command === '/msg') {
      const message = /^\/msg\s+[1-9]\d{0,14}\s+(\S[\s\S]*)$/.exec(text)?.[1];
      if (message === undefined) say('! Use: /msg <userId> <text>');
      else track(client.sendDirect(Number(argument), message), message);
    } else run(text);
  };
  const run = (typed: string): void => {
    const command = readCommand(typed, { userOf: (name) => people.find(name) });
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
  const isShown = () =>
    !people.wantsList && [...acked].every(([room, seq]) => (client.position(room)?.seq ?? 0) >= seq);
  const settle = async (): Promise<void> => {
    await Promise.all(sends);
    const deadline = performance.now() + SHOW_WITHIN_MS;
    while (!isShown() && performance.now() < deadline)
      await new Promise((resolve) => setTimeout(resolve, 20));
    finish(failures > 0 ? 1 : 0);
  };
  terminal.listen(handle, () => void settle());
  const code = await finished;
  await client.close();
  return code;
}

function line({ sentAt, msg, seq, deleted }: Message, from: string): string {
  const time = new Date(sentAt).toTimeString().slice(0, 8);
  return `${time} ${printable(from)}: ${deleted ? '(deleted)' : printable(msg)}${terminal.isInteractive ? `  [${seq}]` : ''}`;
}
