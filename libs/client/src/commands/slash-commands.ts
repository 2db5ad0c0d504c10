import { limits, rankOf, type ActInput, type RoomRole } from '@parley/protocol';
import { commandLineIn, messageIn } from './command-line.js';

/** What a command is worked out with. */
export interface CommandContext {
  /** The user that a name means, whatever its case; undefined for none. */
  userOf(name: string): { readonly userId: number; readonly userName: string } | undefined;
  /**
   * The number of the message that is meant where none is named: the newest of anybody, the user's own newest, or the newest pin.
   * Undefined where there is none. Without it, numbers must be written.
   */
  newest?(which: 'any' | 'own' | 'pinned'): number | undefined;
}

/** What a line that was typed comes to. */
export type Command =
  /** It is a message: `//x` is the text `/x`. */
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'act'; readonly act: ActInput }
  /** Lets in who waits, or does not: by his name, or all. See `decideByName`. */
  | { readonly kind: 'decide'; readonly admit: boolean; readonly whom: string | 'all' }
  /** Something that the application does itself: show help, open a conversation; in which `text` is said, unless it is empty. */
  | { readonly kind: 'help' }
  /** A guest takes another name, and goes on with the session that has it. */
  | { readonly kind: 'nick'; readonly name: string }
  | { readonly kind: 'whisper'; readonly userId: number; readonly text: string }
  /** Nothing is sent. `usage`: how it is written. */
  | { readonly kind: 'unknown'; readonly name: string }
  | {
      readonly kind: 'wrong';
      readonly usage: string;
      readonly problem: 'usage' | 'user';
      readonly name?: string;
    };

/** How a command is written: arguments in order; one that may be left out is in brackets. */
export interface CommandSpec {
  readonly name: string;
  readonly usage: string;
  /** The lowest role that may use it; undefined for everybody. */
  readonly from?: RoomRole;
  /** The role alone that may use it. */
  readonly only?: RoomRole;
  /** It does something to a room. */
  readonly needsRoom: boolean;
}

interface Definition extends Omit<CommandSpec, 'needsRoom'> {
  readonly needsRoom?: boolean;
  /** @returns 'usage' or a name that nobody has when it cannot be made of these arguments. */
  make(rest: string, context: CommandContext): Command | 'usage' | { readonly nobody: string };
}

const act = (made: ActInput): Command => ({ kind: 'act', act: made });
const DEFAULT_TIMEOUT_SECONDS = 600;
const DEFAULT_SLOW_SECONDS = 30;
const DEFAULT_CLEAR_SECONDS = 60;

/** The first word, or what is in quotes, and what is behind it. */
function firstOf(text: string): { readonly word: string; readonly rest: string } {
  const match = /^(?:"([^"]*)"|(\S+))\s*([\s\S]*)$/.exec(text.trim());
  return { word: match?.[1] ?? match?.[2] ?? '', rest: match?.[3] ?? '' };
}

/** A whole number at the front of a text, if there is one. */
function numberOf(text: string): { readonly number: number | undefined; readonly rest: string } {
  const { word, rest } = firstOf(text);
  return /^\d{1,10}$/.test(word) ? { number: Number(word), rest } : { number: undefined, rest: text.trim() };
}

const because = (reason: string) => (reason === '' ? {} : { reason });

/** A command about one person. */
function onPerson(
  name: string,
  usage: string,
  make: (userId: number, rest: string) => ActInput | 'usage',
  from: RoomRole = 'moderator',
): Definition {
  return {
    name,
    usage,
    from,
    make: (text, { userOf }) => {
      const { word, rest } = firstOf(text);
      if (word === '') return 'usage';
      const user = userOf(word.replace(/^@/, ''));
      if (!user) return { nobody: word };
      const made = make(user.userId, rest);
      return made === 'usage' ? made : act(made);
    },
  };
}

/** A command about the message with a number; without one about the newest of a kind, where that is known. */
const onMessage = (
  name: string,
  make: (seq: number) => ActInput,
  from?: RoomRole,
  byDefault?: 'any' | 'own' | 'pinned',
): Definition => ({
  name,
  usage: byDefault ? `/${name} [number]` : `/${name} <number>`,
  ...(from && { from }),
  make: (text, { newest }) => {
    const { number, rest } = numberOf(text);
    const seq = number ?? (byDefault && newest?.(byDefault));
    return seq === undefined || seq < 1 || rest !== '' ? 'usage' : act(make(seq));
  },
});

const bare = (name: string, made: ActInput, from: RoomRole = 'moderator'): Definition => ({
  name,
  usage: `/${name}`,
  from,
  make: (text) => (text.trim() === '' ? act(made) : 'usage'),
});

/** A command with a number of seconds that may be left out. */
const withSeconds = (
  name: string,
  byDefault: number,
  most: number,
  make: (seconds: number) => ActInput,
): Definition => ({
  name,
  usage: `/${name} [seconds=${byDefault}]`,
  from: 'moderator',
  make: (text) => {
    const { number = byDefault, rest } = numberOf(text);
    return rest !== '' || number < 1 || number > most ? 'usage' : act(make(number));
  },
});

/** A command about who waits to be let in, who is in nobody's list of people. */
const onWaiting = (name: string, admit: boolean): Definition => ({
  name,
  usage: `/${name} [user|all]`,
  from: 'moderator',
  make: (text) => {
    const typed = text.trim();
    const { word, rest } = firstOf(typed);
    if (rest !== '') return 'usage';
    return { kind: 'decide', admit, whom: word === '' ? 'all' : word.replace(/^@/, '') };
  },
});

const definitions: readonly Definition[] = [
  onPerson('timeout', '/timeout <user> [seconds=600] [reason]', (userId, text) => {
    const { number: seconds = DEFAULT_TIMEOUT_SECONDS, rest } = numberOf(text);
    return seconds < 1 || seconds > limits.maxTimeoutSeconds
      ? 'usage'
      : { act: 'timeout', userId, seconds, ...because(rest) };
  }),
  onPerson('untimeout', '/untimeout <user>', (userId) => ({ act: 'untimeout', userId })),
  onPerson('kick', '/kick <user> [reason]', (userId, reason) => ({
    act: 'kick',
    userId,
    ...because(reason),
  })),
  onPerson('ban', '/ban <user> [reason]', (userId, reason) => ({ act: 'ban', userId, ...because(reason) })),
  onPerson('unban', '/unban <user>', (userId) => ({ act: 'unban', userId })),
  onPerson('mod', '/mod <user>', (userId) => ({ act: 'role', userId, role: 'moderator' }), 'owner'),
  onPerson('unmod', '/unmod <user>', (userId) => ({ act: 'role', userId, role: 'member' }), 'owner'),
  onPerson('voice', '/voice <user>', (userId) => ({ act: 'role', userId, role: 'speaker' })),
  onPerson('unvoice', '/unvoice <user>', (userId) => ({ act: 'role', userId, role: 'member' })),
  withSeconds('slow', DEFAULT_SLOW_SECONDS, limits.maxSlowModeSeconds, (slowModeWaitTime) => ({
    act: 'settings',
    slowModeWaitTime,
  })),
  bare('slowoff', { act: 'settings', slowModeWaitTime: 0 }),
  bare('hosts', { act: 'settings', mode: 'hosts' }),
  bare('hostsoff', { act: 'settings', mode: 'everyone' }),
  bare('close', { act: 'settings', mode: 'closed' }),
  bare('open', { act: 'settings', mode: 'everyone' }),
  onPerson('clear', '/clear <user> [seconds=60]', (userId, text) => {
    const { number: lastSeconds = DEFAULT_CLEAR_SECONDS, rest } = numberOf(text);
    return rest !== '' || lastSeconds < 1 || lastSeconds > limits.maxDeleteSeconds
      ? 'usage'
      : { act: 'delete', userId, lastSeconds };
  }),
  onMessage('delete', (seq) => ({ act: 'delete', seq }), undefined, 'own'),
  onMessage('restore', (seq) => ({ act: 'restore', seq }), 'moderator'),
  onMessage('pin', (seq) => ({ act: 'pin', seq }), 'moderator', 'any'),
  onMessage('unpin', (seq) => ({ act: 'unpin', seq }), 'moderator', 'pinned'),
  {
    name: 'announce',
    usage: '/announce <text>',
    from: 'moderator',
    make: (text) => (text.trim() === '' ? 'usage' : act({ act: 'announce', msg: text.trim() })),
  },
  withSeconds('shield', DEFAULT_CLEAR_SECONDS, limits.maxDeleteSeconds, (hideLastSeconds) => ({
    act: 'panic',
    hideLastSeconds,
  })),
  bare('shieldoff', { act: 'calm', restore: false }),
  {
    name: 'lobby',
    usage: '/lobby on|off',
    from: 'moderator',
    make: (text) => {
      const policy = { on: 'ASK_MODERATOR', off: 'ALWAYS_ACCEPT' } as const;
      const wanted = text.trim().toLowerCase();
      return wanted === 'on' || wanted === 'off'
        ? act({ act: 'settings', guestPolicy: policy[wanted] })
        : 'usage';
    },
  },
  onWaiting('admit', true),
  onWaiting('deny', false),
  {
    name: 'w',
    usage: '/w <user> [text]',
    needsRoom: false,
    make: (text, { userOf }) => {
      const { word, rest } = firstOf(text);
      if (word === '') return 'usage';
      const user = userOf(word.replace(/^@/, ''));
      return user ? { kind: 'whisper', userId: user.userId, text: rest } : { nobody: word };
    },
  },
  {
    name: 'nick',
    usage: '/nick <name>',
    only: 'guest',
    make: (text) => {
      const name = /^"([^"]*)"$/.exec(text.trim())?.[1] ?? text.trim();
      return name === '' ? 'usage' : { kind: 'nick', name };
    },
  },
  {
    name: 'me',
    usage: '/me <text>',
    needsRoom: false,
    make: (text) => (text.trim() === '' ? 'usage' : { kind: 'text', text: `* ${text.trim()}` }),
  },
  { name: 'help', usage: '/help', needsRoom: false, make: () => ({ kind: 'help' }) },
];

/** Every command, in the order of a help text. */
export const slashCommands: readonly CommandSpec[] = definitions.map(
  ({ name, usage, from, only, needsRoom = true }) => ({
    name,
    usage,
    needsRoom,
    ...(from && { from }),
    ...(only && { only }),
  }),
);

/** Commands that somebody of this role may use, as far as their roles say; undefined: those that need no room. */
export const commandsFor = (role: RoomRole | undefined) =>
  slashCommands.filter(({ from, only, needsRoom }) =>
    role === undefined
      ? !needsRoom
      : (from === undefined || rankOf(role) >= rankOf(from)) && (only === undefined || role === only),
  );

const byName = new Map(definitions.map((definition) => [definition.name, definition]));

/**
 * Reads a line that somebody typed. What begins with a slash and a letter is a command, known or not, and is never a message.
 *
 * @param typed - `/timeout ada 600 spam`; a name with blanks is in quotes.
 */
export function readCommand(typed: string, context: CommandContext): Command {
  const line = commandLineIn(typed);
  if (!line) return { kind: 'text', text: messageIn(typed) ?? typed };
  const { name, rest } = line;
  const definition = byName.get(name);
  if (!definition) return { kind: 'unknown', name };
  const made = definition.make(rest, context);
  const { usage } = definition;
  if (made === 'usage') return { kind: 'wrong', usage, problem: 'usage' };
  return 'nobody' in made ? { kind: 'wrong', usage, problem: 'user', name: made.nobody } : made;
}
