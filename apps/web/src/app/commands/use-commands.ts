import { ApiError } from '@parley/client';
import { useEffect, useMemo, useState, type KeyboardEvent } from 'react';
import { parseKey, userKey, type ThreadKey } from '../chat/threads/thread-key.js';
import { navigate } from '../routing/router.js';
import { useAccount, useChat, useChatState } from '../site/site-context.js';
import { useIsThere } from '../use-is-there.js';
import { useObservable } from '../use-observable.js';
import { completionsOf, isComplete, type Completion } from './completions.js';
import { LastCommands, type CommandState } from './last-commands.js';
import { peopleOf } from './people.js';
import { runCommand } from './run-command.js';

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
  const commands = LastCommands.of(chat);
  const last = useObservable(commands.byThread, (byThread) => byThread.get(key));
  const isThere = useIsThere();
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

  useEffect(() => () => commands.seen(key), [commands, key]);

  /** Does what the line says, unless another one is under way. It stays until it is done. */
  const run = async (line: string): Promise<void> => {
    if (commands.isRunning(key)) return;
    const settle = (state: CommandState | undefined) => {
      if (isSettled(state) && chat.drafts.get(key) === text) put('');
      commands.set(key, state && { text: isSettled(state) ? '' : text, state });
    };
    setClosed(text);
    commands.set(key, { text, state: { kind: 'running' } });
    const outcome = await runCommand(chat, key, line);
    switch (outcome.kind) {
      case 'text':
        commands.set(key, undefined);
        return say(outcome.text);
      case 'help':
        setHelp(true);
        return settle(undefined);
      case 'open': {
        const { userId, userName } = outcome.person;
        // Who is elsewhere by now is not led away from there: the line waits for him.
        if (!isThere.current) return commands.set(key, undefined);
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
          commands.set(key, {
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
    /** Of the line that is in the composer, or of one that is under way. */
    state: last?.text === text || last?.state.kind === 'running' ? last.state : undefined,
  };
}

/** Whether the line has served its purpose. */
const isSettled = (state: CommandState | undefined): boolean => state === undefined || state.kind === 'done';
