import { ApiError } from '@parley/client';
import { useMemo, useState, type KeyboardEvent } from 'react';
import { parseKey, userKey, type ThreadKey } from '../chat/threads/thread-key.js';
import { navigate } from '../routing/router.js';
import { useAccount, useChat, useChatState } from '../site/site-context.js';
import { completionsOf, isComplete, type Completion } from './completions.js';
import { peopleOf } from './people.js';
import { runCommand, type Outcome } from './run-command.js';

/** What became of the last command, or that it is under way. */
export type CommandState =
  Exclude<Outcome, { kind: 'text' | 'help' | 'open' | 'nick' }> | { readonly kind: 'running' };

const none: readonly Completion[] = [];

/**
 * Commands in a composer: how they may go on, and what becomes of them.
 *
 * @param text - What is in the composer.
 * @param put - Puts something else there. `say` sends a message.
 */
export function useCommands(
  key: ThreadKey,
  text: string,
  { put, say }: { put(text: string): void; say(text: string): void },
) {
  const chat = useChat();
  const account = useAccount();
  const { kind, id } = parseKey(key);
  const role = useChatState((state) => (kind === 'room' ? state.roomStates.get(id)?.role : undefined));
  const [last, setLast] = useState<{ readonly text: string; readonly state: CommandState }>();
  const [hasHelp, setHelp] = useState(false);
  const [chosen, setChosen] = useState(0);
  /** The line of which the list was closed by hand. */
  const [closed, setClosed] = useState<string>();
  const completions = useMemo(() => {
    if (!text.startsWith('/') || text === closed) return none;
    const names = peopleOf(chat.state.get(), key).map(({ userName }) => userName);
    return completionsOf(text, role, names);
  }, [chat, key, role, text, closed]);
  const current = Math.min(chosen, Math.max(0, completions.length - 1));

  const choose = (completion: Completion) => {
    setChosen(0);
    put(completion.text);
  };
  /** @returns Whether the key was for the list. */
  const onKey = (event: KeyboardEvent, isSend: boolean): boolean => {
    const completion = completions[current];
    if (!completion) return false;
    const { length } = completions;
    if (event.key === 'ArrowDown') setChosen((current + 1) % length);
    else if (event.key === 'ArrowUp') setChosen((current + length - 1) % length);
    else if (event.key === 'Escape') setClosed(text);
    else if (event.key === 'Tab' && !event.shiftKey) choose(completion);
    else if (isSend && !isComplete(text, completions)) choose(completion);
    else return false;
    return true;
  };

  /** Does what the line says. It stays until it is done. */
  const run = async (line: string): Promise<void> => {
    const settle = (state: CommandState | undefined) => {
      if (isSettled(state) && chat.drafts.get(key) === text) put('');
      setLast(state && { text: isSettled(state) ? '' : text, state });
    };
    setClosed(text);
    setLast({ text, state: { kind: 'running' } });
    const outcome = await runCommand(chat, key, line);
    switch (outcome.kind) {
      case 'text':
        setLast(undefined);
        return say(outcome.text);
      case 'help':
        setHelp(true);
        return settle(undefined);
      case 'open': {
        const { userId, userName } = outcome.person;
        settle(undefined);
        if (outcome.text !== '') chat.drafts.putBack(userKey(userId), outcome.text);
        return navigate({ page: 'direct', userId }, { state: { peerName: userName } });
      }
      case 'nick':
        // The session of the new name begins with what is in the composer.
        if (chat.drafts.get(key) === text) put('');
        try {
          await account.rename(outcome.name);
        } catch (error) {
          if (chat.drafts.get(key) === '') put(text);
          setLast({
            text,
            state: { kind: 'refused', code: error instanceof ApiError ? error.code : 'INTERNAL' },
          });
        }
        return;
      default:
        return settle(outcome.kind === 'done' ? { ...outcome, command: line } : outcome);
    }
  };

  return {
    completions,
    chosen: current,
    choose,
    onKey,
    run,
    role,
    hasHelp,
    closeHelp: () => setHelp(false),
    /** Of the line that is in the composer. */
    state: last?.text === text ? last.state : undefined,
  };
}

/** Whether the line has served its purpose. */
const isSettled = (state: CommandState | undefined): boolean => state === undefined || state.kind === 'done';
