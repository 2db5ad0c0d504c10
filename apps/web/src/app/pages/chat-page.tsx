import { useState } from 'react';
import { threadOf } from '../chat/threads/chat-state.js';
import { parseKey, roomKey } from '../chat/threads/thread-key.js';
import { useTexts } from '../i18n/texts.js';
import { Pane } from '../components/pane.js';
import { MembersPanel } from '../members/members-panel.js';
import { firstRoomId, type Route } from '../routing/route.js';
import { navigate } from '../routing/router.js';
import { Sidebar } from '../sidebar/sidebar.js';
import { useChat, useChatState } from '../site/site-context.js';
import { PeerPresence } from '../thread/connection-badge.js';
import { LeaveButton, OnlineButton, ThreadHeader } from '../thread/thread-header.js';
import { ThreadBody } from '../thread/thread-body.js';
import view from '../thread/thread-view.module.css';
import { useMediaQuery } from '../use-browser-state.js';
import styles from './chat-page.module.css';
import {
  useDocumentTitle,
  useDrawerKeys,
  useOpenThread,
  useThreadName,
  type Drawer,
} from './chat-page-hooks.js';

/** Rooms, messages and members. */
export function ChatPage({ route }: { readonly route: Extract<Route, { page: 'room' | 'direct' }> }) {
  const t = useTexts();
  const chat = useChat();
  const key = useOpenThread(route);
  const thread = useChatState((state) => threadOf(state, key));
  const name = useThreadName(key);
  const connection = useChatState((state) => state.connection.status);
  useDocumentTitle(name);
  const { kind, id } = parseKey(key);
  const isRoom = kind === 'room' && thread.phase !== 'missing';
  const online = useChatState((state) => (isRoom ? state.present.get(id)?.count : undefined));

  const isNarrow = useMediaQuery('(max-width: 719px)');
  const isWide = useMediaQuery('(min-width: 1080px)');
  const [drawer, setDrawer] = useState<Drawer>();
  const [isPinned, setPinned] = useState(true);
  const hasSidebarDrawer = isNarrow && drawer === 'sidebar';
  const hasMembersDrawer = isRoom && !isWide && drawer === 'members';
  const hasDrawer = hasSidebarDrawer || hasMembersDrawer;

  const close = () => setDrawer(undefined);
  useDrawerKeys(hasDrawer ? drawer : undefined, close);

  const leave = () => {
    chat.leave(id);
    const next = id === firstRoomId ? undefined : roomKey(firstRoomId);
    navigate(next ? { page: 'room', roomId: firstRoomId } : { page: 'home' }, { replace: true });
  };
  const toggleMembers = () =>
    isWide ? setPinned(!isPinned) : setDrawer(drawer === 'members' ? undefined : 'members');
  const drawerState = (isDrawer: boolean, isOpen: boolean) =>
    isDrawer ? (isOpen ? 'open' : 'closed') : undefined;

  return (
    <div className={styles['page']} data-testid="connection-state" data-state={connection}>
      <a className="visually-hidden skip-link" href="#messages">
        {t.app.skipToMessages}
      </a>
      <aside className={styles['left']} data-drawer={drawerState(isNarrow, hasSidebarDrawer)}>
        <Pane>
          <Sidebar key={String(hasSidebarDrawer)} onClose={hasSidebarDrawer ? close : undefined} />
        </Pane>
      </aside>
      <main className={styles['main']} inert={hasDrawer}>
        <div className={view['view']}>
          <Pane>
            <ThreadHeader name={name} onOpenSidebar={isNarrow ? () => setDrawer('sidebar') : undefined}>
              {kind === 'user' && <PeerPresence userId={id} roomId={thread.roomId} />}
              {isRoom && (
                <OnlineButton
                  count={online}
                  isOpen={isWide ? isPinned : hasMembersDrawer}
                  onToggle={toggleMembers}
                />
              )}
              {isRoom && id !== firstRoomId && <LeaveButton key={id} name={name} onLeave={leave} />}
            </ThreadHeader>
          </Pane>
          <ThreadBody threadKey={key} thread={thread} name={name} />
        </div>
      </main>
      {isRoom && (!isWide || isPinned) && (
        <aside className={styles['right']} data-drawer={drawerState(!isWide, hasMembersDrawer)}>
          <Pane>
            <MembersPanel
              key={String(hasMembersDrawer)}
              roomId={id}
              onClose={hasMembersDrawer ? close : undefined}
            />
          </Pane>
        </aside>
      )}
      {hasDrawer && (
        <button
          className={styles['shade']}
          type="button"
          tabIndex={-1}
          aria-label={t.app.close}
          onClick={close}
        />
      )}
    </div>
  );
}
