import type { RoomRole } from '@parley/protocol';
import { useState } from 'react';
import { Avatar } from '../components/avatar.js';
import { RoleBadge } from '../components/role-badge.js';
import { useTexts } from '../i18n/texts.js';
import { Link } from '../routing/link.js';
import { useChat } from '../site/site-context.js';
import { AskButton } from './act-button.js';
import { AuditList } from './audit-list.js';
import { ConsoleDialog } from './console-dialog.js';
import styles from './hosting.module.css';
import { useRoomState } from './use-room-state.js';
import { personOffers, roleIn, type Person } from './offers.js';
import { RestrictForm } from './restrict-form.js';
import { RestrictedList } from './restricted-list.js';
import { Section } from './section.js';
import { SelectField } from './select-field.js';
import { TheirMessages } from './their-messages.js';
import { useActs } from './use-acts.js';
import { useHostingTexts } from './words/use-hosting-texts.js';

/** Somebody in a room: what may be done to him, what was, and what he wrote here. */
export function PersonDialog(props: {
  readonly roomId: number;
  readonly person: Person;
  readonly onClose: () => void;
}) {
  const { roomId, person, onClose } = props;
  const { userId, userName } = person;
  const t = useHostingTexts();
  const texts = useTexts();
  const { me } = useChat();
  const state = useRoomState(roomId);
  if (!state) return null;
  const offers = personOffers(person, me.userId, state);
  const role = roleIn(state, person);
  const isMe = userId === me.userId;
  return (
    <ConsoleDialog title={userName} onClose={onClose} testId="person-dialog">
      <div className={styles['who']}>
        <Avatar userId={userId} userName={userName} isSmall />
        {role === 'guest' ? (
          <RoleBadge role={role} />
        ) : (
          <span data-testid="person-role">{t.roles[role]}</span>
        )}
        {role === 'guest' && <span className={styles['hint']}>{t.person.guest}</span>}
        {!isMe && role !== 'guest' && (
          <Link to={{ page: 'direct', userId }} state={{ peerName: userName }} onClick={onClose}>
            {texts.members.talkTo(userName)}
          </Link>
        )}
      </div>
      <RestrictedList roomId={roomId} of={userId} />
      {offers.restrict && <RestrictForm roomId={roomId} person={person} onDone={onClose} />}
      {offers.roles.length > 0 && (
        <RoleForm key={role} {...props} roles={offers.roles} mayHandOver={offers.handOver} />
      )}
      {!isMe && !offers.restrict && offers.roles.length === 0 && (
        <p className={styles['hint']}>{t.person.cannot}</p>
      )}
      <Section title={t.person.messages} testId="their-messages">
        <TheirMessages roomId={roomId} person={person} mayDelete={offers.deleteTheirs} />
      </Section>
      <Section title={t.person.acts} testId="acts-on-them">
        <AuditList roomId={roomId} about={userId} empty={t.person.noActs} />
      </Section>
    </ConsoleDialog>
  );
}

function RoleForm(props: {
  readonly roomId: number;
  readonly person: Person;
  readonly roles: readonly RoomRole[];
  readonly mayHandOver: boolean;
  readonly onClose: () => void;
}) {
  const { roomId, person, roles, onClose } = props;
  const { userId, userName } = person;
  const t = useHostingTexts();
  const { run, isBusy } = useActs(roomId);
  // The lowest one: whoever presses too fast gives little.
  const [chosen, setChosen] = useState<RoomRole>(roles.at(-1) ?? 'member');
  const give = async () => {
    if (chosen === 'guest') return;
    if (await run({ act: 'role', userId, role: chosen }, userName)) onClose();
  };
  const handOver = async () => {
    if (await run({ act: 'handOver', userId }, userName)) onClose();
  };
  return (
    <fieldset className={styles['group']}>
      <legend>{t.person.role}</legend>
      <SelectField
        label={t.person.role}
        value={chosen}
        onChange={setChosen}
        options={roles.map((role) => [role, t.roles[role]])}
        testId="role"
      />
      <div className={styles['buttons']}>
        <AskButton
          key={chosen}
          label={t.person.change}
          question={chosen === 'member' ? t.person.take(userName) : t.person.give(userName, t.roles[chosen])}
          isBusy={isBusy}
          onYes={() => void give()}
          testId="give-role"
        />
        {props.mayHandOver && (
          <AskButton
            label={t.person.handOver}
            question={t.person.handOverAsk(userName)}
            isBusy={isBusy}
            onYes={() => void handOver()}
            testId="hand-over"
          />
        )}
      </div>
    </fieldset>
  );
}
