import { ApiError, ClientError, decideByName, readCommand, type Command } from '@parley/client';
import type { ChatSession } from '../chat/chat-session.js';
import type { Member } from '../chat/threads/chat-state.js';
import { parseKey, type ThreadKey } from '../chat/threads/thread-key.js';
import { newestOf, peopleOf, personNamed } from './people.js';

/** What became of a line. */
export type Outcome =
  /** It is a message, for the caller to send. */
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'done'; readonly command: string }
  | { readonly kind: 'help' }
  /** A guest wants another name. */
  | { readonly kind: 'nick'; readonly name: string }
  /** A conversation is to be opened, with this text begun. */
  | { readonly kind: 'open'; readonly person: Member; readonly text: string }
  /** Nothing was done, and nothing sent. */
  | { readonly kind: 'unknown'; readonly name: string }
  | { readonly kind: 'usage'; readonly usage: string }
  | { readonly kind: 'nobody'; readonly name: string }
  | { readonly kind: 'not-here' }
  | { readonly kind: 'refused'; readonly code: string };

/** Does what a line says, as far as it is a command. Never throws. */
export async function runCommand(chat: ChatSession, key: ThreadKey, typed: string): Promise<Outcome> {
  const found = new Map<string, Member>();
  const read = (): Command => {
    const state = chat.state.get();
    const people = peopleOf(state, key);
    return readCommand(typed, {
      userOf: (name) => personNamed(people, name) ?? found.get(name.toLowerCase()),
      newest: (which) => newestOf(state, key, chat.me.userId, which),
    });
  };
  try {
    let command = read();
    if (command.kind === 'wrong' && command.problem === 'user' && command.name !== undefined) {
      // Somebody who is not here: people are let in again who cannot be.
      const name = command.name.replace(/^@/, '');
      const person = personNamed((await chat.search(name)).users, name);
      if (person) found.set(name.toLowerCase(), person);
      command = read();
    }
    return await perform(chat, key, command, [...found.values(), ...peopleOf(chat.state.get(), key)]);
  } catch (error) {
    const isKnown = error instanceof ClientError || error instanceof ApiError;
    return { kind: 'refused', code: isKnown ? error.code : 'INTERNAL' };
  }
}

async function perform(
  chat: ChatSession,
  key: ThreadKey,
  command: Command,
  people: readonly Member[],
): Promise<Outcome> {
  const { kind, id } = parseKey(key);
  switch (command.kind) {
    case 'act':
      if (kind !== 'room') return { kind: 'not-here' };
      await chat.act(id, command.act);
      return { kind: 'done', command: command.act.act };
    case 'decide': {
      if (kind !== 'room') return { kind: 'not-here' };
      const decided = await decideByName(chat.door, id, command);
      return decided ? { kind: 'done', command: 'settings' } : { kind: 'nobody', name: command.whom };
    }
    case 'whisper': {
      const person = people.find(({ userId }) => userId === command.userId);
      return person
        ? { kind: 'open', person, text: command.text }
        : { kind: 'nobody', name: String(command.userId) };
    }
    case 'wrong':
      return command.problem === 'user'
        ? { kind: 'nobody', name: command.name ?? '' }
        : { kind: 'usage', usage: command.usage };
    case 'nick':
      // Others have an account, with its name.
      return chat.guestOf === undefined ? { kind: 'refused', code: 'FORBIDDEN' } : command;
    case 'text':
    case 'help':
    case 'unknown':
      return command;
  }
}
