import type { RoomRole } from '@parley/protocol';
import { useMemo } from 'react';
import type { Member } from '../chat/threads/chat-state.js';
import { Avatar } from '../components/avatar.js';
import { Button } from '../components/button.js';
import { Icon } from '../components/icon.js';
import { RoleBadge } from '../components/role-badge.js';
import { LinesSkeleton } from '../components/skeleton.js';
import { HostPersonButton } from '../hosting/host-tools.js';
import { roleIn } from '../hosting/offers.js';
import { useRoomState } from '../hosting/use-room-state.js';
import { useLanguage, useTexts } from '../i18n/texts.js';
import { Link } from '../routing/link.js';
import { useChat, useChatState } from '../site/site-context.js';
import styles from './members-panel.module.css';

/** Who is online in a room. `onClose`: present when it lies over the page. */
export function MembersPanel(props: { readonly roomId: number; readonly onClose: (() => void) | undefined }) {
  const { roomId, onClose } = props;
  const t = useTexts();
  const language = useLanguage();
  const { me, guestOf } = useChat();
  const state = useRoomState(roomId);
  const present = useChatState((state) => state.present.get(roomId));
  const members = useMemo(() => {
    const byName = new Intl.Collator(language === 'zh' ? 'zh-Hans' : 'en', { numeric: true });
    return [...(present?.members ?? [])].sort((a, b) => byName.compare(a.userName, b.userName));
  }, [present, language]);
  const unlisted = (present?.count ?? 0) - members.length;

  return (
    <div className={styles['panel']}>
      <div className={styles['head']}>
        <h2>{t.members.title}</h2>
        {onClose && (
          <Button look="icon" aria-label={t.app.close} onClick={onClose} autoFocus>
            <Icon name="close" />
          </Button>
        )}
      </div>
      <div className={styles['list']}>
        {!present && <LinesSkeleton label={t.app.loading} />}
        {present && members.length === 0 && <p className={styles['note']}>{t.members.none}</p>}
        <ul>
          {members.map((member) => (
            <li key={member.userId} className={styles['entry']}>
              <MemberEntry
                member={member}
                role={state ? roleIn(state, member) : member.guest && 'guest'}
                isMe={member.userId === me.userId}
                // Guests are of the room: they have no conversations.
                mayTalk={guestOf === undefined && !member.guest}
                onFollow={() => onClose?.()}
              />
              {member.userId !== me.userId && <HostPersonButton roomId={roomId} person={member} />}
            </li>
          ))}
        </ul>
        {unlisted > 0 && members.length > 0 && <p className={styles['note']}>{t.members.others(unlisted)}</p>}
      </div>
    </div>
  );
}

function MemberEntry(props: {
  readonly member: Member;
  /** Undefined while the room is not joined. */
  readonly role: RoomRole | undefined;
  readonly isMe: boolean;
  readonly mayTalk: boolean;
  readonly onFollow: () => void;
}) {
  const { userId, userName } = props.member;
  const t = useTexts();
  const content = (
    <>
      <Avatar userId={userId} userName={userName} isSmall />
      <span className={styles['name']}>{userName}</span>
      <RoleBadge role={props.role} />
    </>
  );
  if (props.isMe || !props.mayTalk) {
    return (
      <div className={styles['member']} data-testid="member" data-user-id={userId}>
        {content}
        {props.isMe && <span className={styles['you']}>{t.room.you}</span>}
      </div>
    );
  }
  return (
    <Link
      className={styles['member']}
      to={{ page: 'direct', userId }}
      state={{ peerName: userName }}
      onClick={props.onFollow}
      title={t.members.talkTo(userName)}
      data-testid="member"
      data-user-id={userId}
    >
      {content}
    </Link>
  );
}
