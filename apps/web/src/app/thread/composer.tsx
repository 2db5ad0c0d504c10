import { messageIn } from '@parley/client';
import { codePointLength, limits, showsSomething } from '@parley/protocol';
import {
  useCallback,
  useLayoutEffect,
  useRef,
  useState,
  useSyncExternalStore,
  type KeyboardEvent,
} from 'react';
import { threadOf } from '../chat/threads/chat-state.js';
import type { ThreadKey } from '../chat/threads/thread-key.js';
import type { CommandsHandle } from '../commands/commands.js';
import { useCommandsPart } from '../commands/use-commands-part.js';
import { Button } from '../components/button.js';
import { Icon } from '../components/icon.js';
import { useTexts } from '../i18n/texts.js';
import { hasScreenKeyboard } from '../keep-focus.js';
import { useChat, useChatState } from '../site/site-context.js';
import { withoutBlankEnds } from '../text/blank-ends.js';
import { isSendKey, pagesOf } from './composer-keys.js';
import { LeftNote } from './left-note.js';
import styles from './composer.module.css';
import { scrollMessages } from './scroll-messages.js';
import { useSilence } from './use-silence.js';
import { WhyNot } from './why-not.js';

/** The counter shows from here on, code points. Chosen by judgement. */
const countFrom = limits.maxTextCodePoints - 200;
/** Of the height of the list: what was at its end is seen again at its beginning. */
const PAGE = 0.9;

/** Browsers of before 2024 do not, and Firefox later. */
const growsByItself = CSS.supports('field-sizing', 'content');

/**
 * A text that looks the same around the field in which it is written: most keys change nothing there, and render nothing.
 * Itself where more depends on it.
 */
function standIn(draft: string): string {
  if (draft.startsWith('/') || codePointLength(draft) >= countFrom) return draft;
  return showsSomething(draft) ? 'a' : draft && ' ';
}

/** Where messages are written. Mounted anew for every thread. */
export function Composer({ threadKey, name }: { readonly threadKey: ThreadKey; readonly name: string }) {
  const t = useTexts();
  const chat = useChat();
  const { drafts } = chat;
  const text = useSyncExternalStore(drafts.subscribe, () => standIn(drafts.get(threadKey)));
  const refusal = useChatState((state) => threadOf(state, threadKey).refusal);
  const [isFull, setFull] = useState(false);
  const input = useRef<HTMLTextAreaElement>(null);
  const box = useRef<HTMLDivElement>(null);
  const grow = useRef<HTMLDivElement>(null);
  const commands = useRef<CommandsHandle>(null);
  /** A command that was given before the part that does it was here. */
  const waiting = useRef<string>(undefined);
  const length = codePointLength(text);
  const left = limits.maxTextCodePoints - length;
  const silence = useSilence(threadKey);
  const isMessage = messageIn(text) !== undefined;
  const canSend = showsSomething(text) && left >= 0 && !(isMessage && silence);

  const change = (value: string) => {
    setFull(false);
    waiting.current = undefined;
    drafts.set(threadKey, value);
  };
  const takeCommands = useCallback((handle: CommandsHandle | null) => {
    commands.current = handle;
    const line = waiting.current;
    if (!handle || line === undefined) return;
    waiting.current = undefined;
    handle.run(line);
  }, []);
  const [completion, setCompletion] = useState<string>();
  const part = useCommandsPart(text.startsWith('/'));
  const put = (value: string) => {
    change(value);
    input.current?.focus();
  };
  const say = (message: string) => {
    if (chat.send(threadKey, message)) change('');
    else setFull(true);
  };
  const send = () => {
    if (!canSend) return;
    const line = withoutBlankEnds(drafts.get(threadKey));
    const message = messageIn(line);
    if (message !== undefined) say(message);
    else if (commands.current) commands.current.run(line);
    else waiting.current = line;
    input.current?.focus();
  };
  const onKeyDown = (event: KeyboardEvent<HTMLTextAreaElement>) => {
    const isSend = isSendKey(event.nativeEvent, hasScreenKeyboard());
    const pages = pagesOf(event.nativeEvent);
    if (!event.nativeEvent.isComposing && commands.current?.onKey(event, isSend)) event.stopPropagation();
    else if (pages !== undefined) {
      scrollMessages((list) => list.scrollBy({ top: pages * list.clientHeight * PAGE }));
    } else if (isSend) send();
    else return;
    event.preventDefault();
  };

  // By hand: React would write the whole text into the page again with every key, and lay it out.
  useLayoutEffect(() => {
    const write = () => {
      const area = input.current;
      const draft = drafts.get(threadKey);
      if (!area || !box.current || !grow.current) return;
      if (area.value !== draft) area.value = draft;
      const wasTall = box.current.hasAttribute('data-tall');
      const isTall = draft !== '' && (wasTall || area.scrollHeight > area.clientHeight);
      if (isTall !== wasTall) box.current.toggleAttribute('data-tall', isTall);
      if (!growsByItself) grow.current.dataset['text'] = isTall ? draft : '';
    };
    write();
    return drafts.subscribe(write);
  }, [drafts, threadKey]);
  useLayoutEffect(() => {
    if (!hasScreenKeyboard()) input.current?.focus();
  }, []);

  return (
    <form
      className={styles['composer']}
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      {part && (
        <part.Commands
          ref={takeCommands}
          threadKey={threadKey}
          text={text}
          put={put}
          say={say}
          onActive={setCompletion}
        />
      )}
      <div ref={box} className={styles['box']} data-over={left < 0 || undefined}>
        <div ref={grow} className={styles['grow']}>
          <textarea
            ref={input}
            className={styles['input']}
            rows={1}
            onChange={(event) => change(event.target.value)}
            onKeyDown={onKeyDown}
            placeholder={silence ? t.silence[silence.reason] : t.composer.placeholder(name)}
            aria-label={t.composer.label}
            aria-describedby="composer-foot"
            aria-autocomplete="list"
            aria-controls={completion === undefined ? undefined : 'completions'}
            aria-activedescendant={completion}
            aria-invalid={left < 0}
            enterKeyHint={hasScreenKeyboard() ? 'enter' : 'send'}
            id="composer"
            dir="auto"
            data-testid="composer"
          />
        </div>
        <Button
          look="primary"
          type="submit"
          className={styles['send'] ?? ''}
          disabled={!canSend}
          aria-label={t.composer.send}
          title={t.composer.send}
          // A tap must not take the focus: the keyboard on the screen would close.
          onPointerDown={(event) => event.preventDefault()}
          data-testid="send"
        >
          <Icon name="send" />
        </Button>
      </div>
      <div id="composer-foot" className={styles['foot']}>
        {silence || (refusal && text !== '') ? (
          <WhyNot silence={silence} refusal={text === '' ? undefined : refusal} />
        ) : isFull ? (
          <span className={styles['count']} role="alert" data-over data-testid="outbox-full">
            {t.composer.full}
          </span>
        ) : (
          <span className={styles['hint']}>{isMessage || part ? t.composer.hint : t.app.loading}</span>
        )}
        {length >= countFrom && <LeftNote left={left} />}
      </div>
    </form>
  );
}
