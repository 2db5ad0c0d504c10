import type { Invite } from '@parley/protocol';
import { useEffect, useEffectEvent, useState } from 'react';
import { Button } from '../components/button.js';
import { useLanguage } from '../i18n/texts.js';
import { lookAgain } from '../look-again.js';
import { useChat } from '../site/site-context.js';
import { newestOf } from '../use-newest.js';
import styles from './door.module.css';
import { useHostDoorTexts } from './words/use-host-door-texts.js';

/** How soon what another host has made or withdrawn is seen, milliseconds. */
const LOOK_MS = 5_000;

/** Invitations that can be used, and the way to withdraw them. */
export function OpenInvites(props: {
  readonly roomId: number;
  readonly onLoaded: (invites: readonly Invite[]) => void;
  readonly onWithdrawn: (inviteId: string) => void;
  readonly onFailed: (error: unknown) => void;
}) {
  const t = useHostDoorTexts().invite;
  const { door } = useChat();
  const [invites, setInvites] = useState<readonly Invite[]>();
  const [isWorking, setWorking] = useState(false);
  const load = useEffectEvent(() => door.invites(props.roomId));
  const loaded = useEffectEvent((found: readonly Invite[]) => {
    setInvites(found);
    props.onLoaded(found);
  });
  const failed = useEffectEvent((error: unknown) => {
    // What was loaded before stays, and is looked at again soon.
    if (!invites) props.onFailed(error);
  });

  useEffect(() => {
    const shown = new AbortController();
    const newest = newestOf();
    const look = () => {
      const isNewer = newest();
      load().then(
        (found) => !shown.signal.aborted && isNewer() && loaded(found),
        (error: unknown) => !shown.signal.aborted && isNewer() && failed(error),
      );
    };
    look();
    lookAgain(look, LOOK_MS, shown.signal);
    return () => shown.abort();
  }, []);

  const withdraw = async (inviteId: string, sessions: 'keep' | 'end') => {
    setWorking(true);
    try {
      await door.withdrawInvite(props.roomId, inviteId, { sessions });
      props.onWithdrawn(inviteId);
    } catch (error) {
      props.onFailed(error);
      setWorking(false);
    }
  };
  if (!invites) return null;
  return (
    <section aria-label={t.open}>
      <h3>{t.open}</h3>
      {invites.length === 0 && <p className={styles['hint']}>{t.none}</p>}
      <ul className={styles['list']} data-testid="open-invites">
        {invites.map((invite) => (
          <li key={invite.inviteId} data-testid="open-invite">
            <Terms invite={invite} />
            <Button
              look="quiet"
              disabled={isWorking}
              onClick={() => void withdraw(invite.inviteId, 'keep')}
              data-testid="withdraw"
            >
              {t.withdraw}
            </Button>
            {invite.role === 'guest' && invite.uses > 0 && (
              <Button
                look="quiet"
                disabled={isWorking}
                onClick={() => void withdraw(invite.inviteId, 'end')}
                data-testid="withdraw-all"
              >
                {t.withdrawAll}
              </Button>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}

function Terms({ invite: { role, uses, maxUses, expiresAt } }: { readonly invite: Invite }) {
  const t = useHostDoorTexts().invite;
  const language = useLanguage();
  const format = new Intl.DateTimeFormat(language === 'zh' ? 'zh-Hans' : 'en', {
    dateStyle: 'medium',
    timeStyle: 'short',
  });
  const terms = [
    t.roles[role],
    t.used(uses, maxUses),
    ...(expiresAt === undefined ? [] : [t.until(format.format(expiresAt))]),
  ];
  return <span>{terms.join(' · ')}</span>;
}
