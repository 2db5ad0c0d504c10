/** A line that is a command: a slash and a letter begin it. */
export interface CommandLine {
  /** In lower case. */
  readonly name: string;
  /** What is behind the name; empty for nothing. */
  readonly rest: string;
}

/** The command that a line is, known or not; undefined for a message. */
export function commandLineIn(typed: string): CommandLine | undefined {
  const [, name, rest = ''] = /^\/([a-zA-Z]+)(?:\s+([\s\S]*))?$/.exec(typed.trimEnd()) ?? [];
  return name === undefined ? undefined : { name: name.toLowerCase(), rest };
}

/** The message that a line is: `//x` is the text `/x`. Undefined for a command, which is never posted as it was typed. */
export function messageIn(typed: string): string | undefined {
  if (typed.startsWith('//')) return typed.trimEnd().slice(1);
  return commandLineIn(typed) ? undefined : typed;
}
