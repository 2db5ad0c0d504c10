import { isHost } from '@parley/protocol';
import { useEffectEvent, useLayoutEffect, useMemo, useRef, type MouseEvent, type Ref } from 'react';
import { threadOf } from '../chat/threads/chat-state.js';
import { parseKey, type ThreadKey } from '../chat/threads/thread-key.js';
import { consoleRequest } from '../hosting/requests.js';
import { useErrorText, useLanguage, useTexts } from '../i18n/texts.js';
import { keepFocus } from '../keep-focus.js';
import { useChat, useChatState } from '../site/site-context.js';
import { copyText } from '../text/copy-text.js';
import { blocksOf, type Block } from '../timeline/blocks.js';
import { buildRows, type Bubble } from '../timeline/rows.js';
import type { Timeline } from '../timeline/timeline.js';
import { useToday } from '../use-today.js';
import { BlockView } from './rows/block-view.js';
import { personAt } from './rows/group-view.js';
import type { Look } from './rows/look.js';
import { remedyAt, type Remedy } from './rows/message-view.js';
import { Views } from './rows/views.js';

/**
 * Days, groups and the line above what is new. By hand, and not by React: it would look through the whole page with every
 * message, and a busy room has many a second. Each change of the state is on the page when whoever made it is done.
 *
 * @param onShown - Called before the browser paints, when rows have changed.
 */
export function MessageRows(props: {
  readonly ref: Ref<HTMLDivElement>;
  readonly threadKey: ThreadKey;
  readonly hasComposer: boolean;
  readonly onShown: (timeline: Timeline) => void;
}) {
  const { threadKey } = props;
  const chat = useChat();
  const container = useRef<HTMLDivElement>(null);
  const show = useRef<() => void>(undefined);
  const look = useLook(threadKey, props.hasComposer);
  const current = useRef(look);
  const shown = useEffectEvent(props.onShown);

  useLayoutEffect(() => {
    const parent = container.current;
    if (!parent) return;
    const views = new Views<Block>(parent, (block, its) => new BlockView(block, its));
    let last: readonly unknown[] = [];
    show.current = () => {
      const { timeline, unreadAfter } = threadOf(chat.shown.get(), threadKey);
      const next = [
        timeline.messages,
        timeline.outgoing,
        timeline.reachedStart,
        unreadAfter,
        current.current,
      ];
      if (next.every((value, i) => value === last[i])) return;
      last = next;
      views.update(blocksOf(buildRows(timeline, chat.me, unreadAfter)), current.current);
      shown(timeline);
    };
    show.current();
    const stop = chat.shown.subscribe(show.current);
    return () => {
      stop();
      parent.replaceChildren();
    };
  }, [chat, threadKey]);
  useLayoutEffect(() => {
    current.current = look;
    show.current?.();
  }, [look]);

  const { kind, id } = parseKey(threadKey);
  const remedies: Readonly<Record<Remedy, (bubble: Bubble) => void>> = {
    retry: ({ clientMsgId }) => chat.sendAgain(clientMsgId),
    edit: ({ clientMsgId, text }) => {
      chat.drafts.putBack(threadKey, text);
      chat.discard(clientMsgId);
    },
    copy: ({ text }) => copyText(text),
    discard: ({ clientMsgId }) => chat.discard(clientMsgId),
  };
  const onClick = ({ target }: MouseEvent) => {
    if (!(target instanceof Element)) return;
    const person = personAt(target);
    if (person && kind === 'room') consoleRequest.set({ what: 'person', roomId: id, person });
    const asked = remedyAt(target);
    if (!asked) return;
    remedies[asked.remedy](asked.bubble);
    // The button that was pressed goes away: the focus must not go with it.
    if (asked.remedy !== 'copy') keepFocus();
  };
  return (
    <div
      ref={(element) => {
        container.current = element;
        if (typeof props.ref === 'function') props.ref(element);
        else if (props.ref) props.ref.current = element;
      }}
      onClick={onClick}
    />
  );
}

function useLook(threadKey: ThreadKey, canEdit: boolean): Look {
  const t = useTexts();
  const language = useLanguage();
  const errorText = useErrorText();
  const todayMs = useToday();
  const { kind, id } = parseKey(threadKey);
  const roles = useChatState((state) => {
    const { roomId } = threadOf(state, threadKey);
    return roomId === undefined ? undefined : state.roomStates.get(roomId)?.roles;
  });
  const isHosted = useChatState((state) => {
    const room = kind === 'room' ? state.roomStates.get(id) : undefined;
    return room !== undefined && isHost(room.role);
  });
  return useMemo(
    () => ({ t, language, errorText, todayMs, roles, isHosted, canEdit }),
    [t, language, errorText, todayMs, roles, isHosted, canEdit],
  );
}
