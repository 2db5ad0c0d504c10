import type { RoomRole, RoomState } from '@parley/protocol';
import { memo } from 'react';
import { Avatar } from '../components/avatar.js';
import { RoleBadge } from '../components/role-badge.js';
import { AuthorName } from '../hosting/author-name.js';
import { useLanguage, useTexts } from '../i18n/texts.js';
import { formatDay, formatFull, formatTime } from '../text/dates.js';
import { isPiled } from '../text/piled.js';
import { blocksOf, type Block } from '../timeline/blocks.js';
import type { Group, Row } from '../timeline/rows.js';
import { EventLine } from './event-row.js';
import { MessageBubble, type SendActions } from './message-bubble.js';
import list from './message-list.module.css';
import styles from './message.module.css';

/** Who wrote a group. */
const personOf = ({ userId, userName, isOwn, isGuest }: Group) => ({
  ...{ userId, userName, isOwn },
  ...(isGuest && { guest: true as const }),
});

/** Messages of one author, close together in time. */
const MessageGroup = memo(function MessageGroup(props: {
  readonly group: Group;
  readonly role: RoomRole | undefined;
  readonly actions: SendActions;
}) {
  const { group, actions } = props;
  const t = useTexts();
  const language = useLanguage();
  const author = group.isOwn ? t.room.you : group.userName;
  return (
    <li className={styles['group']} data-own={group.isOwn || undefined}>
      {!group.isOwn && <Avatar userId={group.userId} userName={group.userName} />}
      <div className={styles['body']}>
        <div className={styles['header']}>
          <AuthorName
            className={styles['name']}
            person={personOf(group)}
            data-piled={isPiled(author) || undefined}
          >
            {author}
          </AuthorName>
          <RoleBadge role={props.role} />
          <time
            className={styles['time']}
            dateTime={new Date(group.atMs).toISOString()}
            title={formatFull(language, group.atMs)}
          >
            {formatTime(language, group.atMs)}
          </time>
        </div>
        <ol className={styles['bubbles']}>
          {group.bubbles.map((bubble, i) => (
            <MessageBubble
              key={bubble.key}
              bubble={bubble}
              isOwn={group.isOwn}
              author={i > 0 ? author : undefined}
              actions={actions}
            />
          ))}
        </ol>
      </div>
    </li>
  );
});

function DayLine({ dayMs, nowMs }: { readonly dayMs: number; readonly nowMs: number }) {
  const t = useTexts();
  const language = useLanguage();
  return <li className={list['day']}>{formatDay(language, t.day, dayMs, nowMs)}</li>;
}

/** Neighbours that stay as they are while others come. */
const MessageBlock = memo(function MessageBlock(props: {
  readonly block: Block;
  readonly roles: RoomState['roles'] | undefined;
  readonly todayMs: number;
  readonly actions: SendActions;
}) {
  const t = useTexts();
  const rows = props.block.rows.map((row) => {
    switch (row.kind) {
      case 'day':
        return <DayLine key={row.key} dayMs={row.dayMs} nowMs={props.todayMs} />;
      case 'unread':
        return (
          <li key={row.key} className={list['unread']} data-unread="" data-testid="unread-divider">
            <span>{t.room.newMessages}</span>
          </li>
        );
      case 'event':
        return <EventLine key={row.key} row={row} />;
      case 'group':
        return (
          <MessageGroup
            key={row.key}
            group={row}
            role={props.roles?.[row.userId] ?? (row.isGuest ? 'guest' : undefined)}
            actions={props.actions}
          />
        );
    }
  });
  return <ol className={list['block']}>{rows}</ol>;
});

/** Days, groups and the line above what is new. */
export const MessageRows = memo(function MessageRows(props: {
  readonly rows: readonly Row[];
  /** Who has a role in the room, by user id. */
  readonly roles: RoomState['roles'] | undefined;
  /** What "today" means; changes once a day. */
  readonly todayMs: number;
  readonly actions: SendActions;
}) {
  const { rows, ...others } = props;
  return blocksOf(rows).map((block) => <MessageBlock key={block.key} block={block} {...others} />);
});
