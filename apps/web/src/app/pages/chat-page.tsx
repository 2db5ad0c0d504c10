import { useState } from 'react';
import { Dialogs } from '../dialogs/dialogs.js';
import { useChatKeys } from '../dialogs/use-chat-keys.js';
import { threadOf } from '../chat/threads/chat-state.js';
import { parseKey, roomKey, type ThreadKey } from '../chat/threads/thread-key.js';
import { useTexts } from '../i18n/texts.js';
import { Pane } from '../components/pane.js';
import { InviteButton } from '../door/invite-button.js';
import { HostConsole, HostHeaderTools, HostBars } from '../hosting/host-tools.js';
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
  const phase = useChatState((state) => threadOf(state, key).phase);
  const roomId = useChatState((state) => threadOf(state, key).roomId);
  const name = useThreadName(key);
  const connection = useChatState((state) => state.connection.status);
  useDocumentTitle(name);
  useChatKeys();
  const { kind, id } = parseKey(key);
  const isRoom = kind === 'room' && phase !== 'missing';
  const online = useChatState((state) => (isRoom ? state.present.get(id)?.count : undefined));

  const isNarrow = useMediaQuery('(max-width: 44.99em)');
  const isWide = useMediaQuery('(min-width: 67.5em)');
  const [opened, setOpened] = useState<{ readonly drawer: Drawer; readonly over: ThreadKey }>();
  // Whatever leads elsewhere shuts it: a new room, the switcher, the way back.
  const drawer = opened?.over === key ? opened.drawer : undefined;
  // For good: it would be open again by itself when one comes back.
  if (opened && !drawer) setOpened(undefined);
  const [isPinned, setPinned] = useState(true);
  const hasSidebarDrawer = isNarrow && drawer === 'sidebar';
  const hasMembersDrawer = isRoom && !isWide && drawer === 'members';
  const hasDrawer = hasSidebarDrawer || hasMembersDrawer;

  const open = (which: Drawer) => setOpened({ drawer: which, over: key });
  const close = () => setOpened(undefined);
  useDrawerKeys(hasDrawer ? drawer : undefined, close);

  const leave = () => {
    chat.leave(id);
    const next = id === firstRoomId ? undefined : roomKey(firstRoomId);
    navigate(next ? { page: 'room', roomId: firstRoomId } : { page: 'home' }, { replace: true });
  };
  const toggleMembers = () => {
    if (isWide) setPinned(!isPinned);
    else if (drawer === 'members') close();
    else open('members');
  };
  const drawerState = (isDrawer: boolean, isOpen: boolean) =>
    isDrawer ? (isOpen ? 'open' : 'closed') : undefined;

  return (
    <div className={styles['page']} data-testid="connection-state" data-state={connection}>
      <a className="visually-hidden skip-link" href="#main">
        {t.app.skipToMessages}
      </a>
      <aside
        aria-label={t.sidebar.label}
        className={styles['left']}
        data-drawer={drawerState(isNarrow, hasSidebarDrawer)}
      >
        <Pane>
          <Sidebar key={String(hasSidebarDrawer)} onClose={hasSidebarDrawer ? close : undefined} />
        </Pane>
      </aside>
      <main id="main" tabIndex={-1} className={styles['main']} inert={hasDrawer}>
        <div className={view['view']}>
          <Pane>
            <ThreadHeader name={name} onOpenSidebar={isNarrow ? () => open('sidebar') : undefined}>
              {kind === 'user' && <PeerPresence userId={id} roomId={roomId} />}
              {isRoom && <HostHeaderTools roomId={id} />}
              {isRoom && <InviteButton key={`invite ${id}`} roomId={id} name={name} />}
              {isRoom && (
                <OnlineButton
                  count={online}
                  isOpen={isWide ? isPinned : hasMembersDrawer}
                  onToggle={toggleMembers}
                />
              )}
              {isRoom && id !== firstRoomId && chat.guestOf === undefined && (
                <LeaveButton key={id} name={name} onLeave={leave} />
              )}
            </ThreadHeader>
            {isRoom && <HostBars key={`bars ${id}`} roomId={id} />}
          </Pane>
          <ThreadBody threadKey={key} name={name} />
        </div>
      </main>
      {isRoom && (!isWide || isPinned) && (
        <aside
          aria-label={t.members.title}
          className={styles['right']}
          data-drawer={drawerState(!isWide, hasMembersDrawer)}
        >
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
      {isRoom && (
        <Pane>
          <HostConsole roomId={id} />
        </Pane>
      )}
      <Dialogs />
    </div>
  );
}
