import { useEffect, useImperativeHandle, type KeyboardEvent, type Ref } from 'react';
import type { ThreadKey } from '../chat/threads/thread-key.js';
import { CommandHelp } from './command-help.js';
import { CommandNote } from './command-note.js';
import { CompletionList, lineId } from './completion-list.js';
import { useCommands } from './use-commands.js';

/** What the composer asks of the commands. */
export interface CommandsHandle {
  /** @returns Whether the key was for the list of completions. */
  onKey(event: KeyboardEvent, isSend: boolean): boolean;
  /** Does what a line says; nothing while another one is under way. */
  run(line: string): void;
}

export interface CommandsProps {
  readonly ref: Ref<CommandsHandle>;
  readonly threadKey: ThreadKey;
  /** What is in the composer. */
  readonly text: string;
  /** Puts something else there. */
  readonly put: (text: string) => void;
  /** Sends a message. */
  readonly say: (text: string) => void;
  /** Id of the completion that is chosen, for screen readers; undefined while there are none. */
  readonly onActive: (id: string | undefined) => void;
}

/** Above the composer: how a command may go on, what became of it, and the help. */
export function Commands({ ref, threadKey, text, onActive, ...actions }: CommandsProps) {
  const commands = useCommands(threadKey, text, actions);
  const { completions, chosen, state } = commands;
  const active = completions.length > 0 ? lineId(chosen) : undefined;
  useEffect(() => onActive(active), [onActive, active]);
  useImperativeHandle(ref, () => ({
    onKey: commands.onKey,
    run: (line) => void commands.run(line),
  }));
  return (
    <>
      {commands.hasHelp && <CommandHelp role={commands.role} onClose={commands.closeHelp} />}
      {completions.length > 0 && (
        <CompletionList completions={completions} chosen={chosen} onChoose={commands.choose} />
      )}
      {state && <CommandNote state={state} />}
    </>
  );
}
