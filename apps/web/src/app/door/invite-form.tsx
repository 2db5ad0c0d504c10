import type { InvitedRole, MadeInvite } from '@parley/protocol';
import { useId, useState, type SubmitEvent } from 'react';
import { Button } from '../components/button.js';
import { TextField } from '../components/field.js';
import { serverClock } from '../server-clock.js';
import { useChat } from '../site/site-context.js';
import styles from './door.module.css';
import { useHostDoorTexts } from './words/use-host-door-texts.js';

const HOUR_MS = 3_600_000;
/** For how long an invitation may hold, by the names of the choices. */
const lives = { hour: HOUR_MS, day: 24 * HOUR_MS, week: 168 * HOUR_MS, always: undefined } as const;
type Life = keyof typeof lives;

/** The terms of a new invitation. */
export function InviteForm(props: {
  readonly roomId: number;
  /** Only owners invite speakers. */
  readonly isOwner: boolean;
  readonly onMade: (invite: MadeInvite) => void;
  readonly onFailed: (error: unknown) => void;
}) {
  const t = useHostDoorTexts().invite;
  const { door } = useChat();
  const [isWorking, setWorking] = useState(false);

  const make = async (role: InvitedRole, life: Life, uses: number | undefined) => {
    setWorking(true);
    try {
      const lifeMs = lives[life];
      const terms = {
        role,
        ...(lifeMs !== undefined && { expiresAt: serverClock.nowMs() + lifeMs }),
        ...(uses !== undefined && { maxUses: uses }),
      };
      props.onMade(await door.createInvite(props.roomId, terms));
    } catch (error) {
      props.onFailed(error);
      setWorking(false);
    }
  };
  const submit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const fields = new FormData(event.currentTarget);
    const uses = String(fields.get('uses') ?? '').trim();
    void make(
      fields.get('role') as InvitedRole,
      fields.get('life') as Life,
      uses === '' ? undefined : Number(uses),
    );
  };
  return (
    <form className={styles['form']} onSubmit={submit}>
      <p className={styles['hint']}>{t.about}</p>
      <div className={styles['fields']}>
        <Choice label={t.who} name="role">
          <option value="guest">{t.roles.guest}</option>
          <option value="member">{t.roles.member}</option>
          {props.isOwner && <option value="speaker">{t.roles.speaker}</option>}
        </Choice>
        <Choice label={t.expires} name="life" first="day">
          {(['hour', 'day', 'week', 'always'] as const).map((life) => (
            <option key={life} value={life}>
              {t[life]}
            </option>
          ))}
        </Choice>
        <TextField
          label={t.uses}
          hint={t.usesHint}
          name="uses"
          type="number"
          inputMode="numeric"
          min={1}
          max={10_000}
          data-testid="invite-uses"
        />
      </div>
      <Button look="primary" type="submit" disabled={isWorking} data-testid="invite-make">
        {isWorking ? t.working : t.make}
      </Button>
    </form>
  );
}

function Choice(props: {
  readonly label: string;
  readonly name: string;
  readonly first?: string;
  readonly children: React.ReactNode;
}) {
  const id = useId();
  return (
    <div className={styles['field']}>
      <label htmlFor={id}>{props.label}</label>
      <select id={id} name={props.name} defaultValue={props.first} data-testid={`invite-${props.name}`}>
        {props.children}
      </select>
    </div>
  );
}
