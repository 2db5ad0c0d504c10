import { commandsFor } from '@parley/client';
import type { RoomRole } from '@parley/protocol';

/** One way to go on with a command that is being written. */
export interface Completion {
  /** What the composer has when it is chosen. */
  readonly text: string;
  /** What is shown: how a command is written, or a name. */
  readonly label: string;
  /** Of a command; undefined for a person. */
  readonly command?: string;
}

/** Most people that are offered at once: the list must not cover what it is about. */
const MOST_PEOPLE = 6;

const beginsWith = (name: string, begun: string) => name.toLowerCase().startsWith(begun.toLowerCase());
const asWord = (name: string) => (/\s/.test(name) ? `"${name}"` : name);

/**
 * How a line may go on that begins with a slash: commands that this role may use, then people where a command wants one.
 *
 * @param role - The user's, in the room; undefined in a conversation.
 * @param people - Names of the room's members.
 */
export function completionsOf(
  typed: string,
  role: RoomRole | undefined,
  people: readonly string[],
): readonly Completion[] {
  const [, begun] = /^\/([a-zA-Z]*)$/.exec(typed) ?? [];
  const commands = commandsFor(role);
  if (begun !== undefined) {
    const completions = commands
      .filter(({ name }) => beginsWith(name, begun))
      .map(({ name, usage }) => ({
        text: usage === `/${name}` ? usage : `/${name} `,
        label: usage,
        command: name,
      }));
    // Nothing to choose from any more.
    return completions.length === 1 && completions[0]?.text === typed ? [] : completions;
  }
  const [, name = '', who] = /^\/([a-zA-Z]+) +@?("[^"]*|[^"\s]*)$/.exec(typed) ?? [];
  const isOnPerson = commands.some(
    (command) => command.name === name.toLowerCase() && command.usage.includes('<user>'),
  );
  if (!isOnPerson || who === undefined) return [];
  const wanted = who.replace(/^"/, '');
  return people
    .filter((person) => beginsWith(person, wanted))
    .slice(0, MOST_PEOPLE)
    .map((person) => ({ text: `/${name} ${asWord(person)} `, label: person }));
}

/** Whether a line is whole as it is, although it could be the beginning of another one: `/slow` of `/slowoff`. */
export const isComplete = (typed: string, completions: readonly Completion[]): boolean =>
  completions.some(({ text }) => text.trim().toLowerCase() === typed.trim().toLowerCase());
