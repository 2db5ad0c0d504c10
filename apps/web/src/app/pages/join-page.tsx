import type { Invitation } from '@parley/protocol';
import { useEffect, useRef, useState, type SubmitEvent } from 'react';
import { Button } from '../components/button.js';
import { TextField } from '../components/field.js';
import { AuthPage } from './auth-page.js';
import styles from './auth-page.module.css';
import { Link } from '../routing/link.js';
import { pathOf, type Route } from '../routing/route.js';
import { navigate } from '../routing/router.js';
import { useAccount } from '../site/site-context.js';
import { useIsThere } from '../use-is-there.js';
import { useObservable } from '../use-observable.js';
import { AccountWaiting } from '../door/account-waiting.js';
import { Refusal } from '../door/refusal.js';
import { refusalOf, type Refused } from '../door/refused.js';
import { useDoorTexts } from '../door/words/use-door-texts.js';
import { useTexts } from '../i18n/texts.js';

/** Where the link of an invitation leads: says what it opens, and lets guests in by their name. */
export function JoinPage({ invite }: { readonly invite: string }) {
  const t = useDoorTexts().join;
  const { loading } = useTexts().app;
  const account = useAccount();
  const [invitation, setInvitation] = useState<Invitation>();
  const [problem, setProblem] = useState<Refused>();
  const [tries, setTries] = useState(0);

  useEffect(() => {
    let isLeft = false;
    account.invitation(invite).then(
      (found) => !isLeft && setInvitation(found),
      (error: unknown) => !isLeft && setProblem(refusalOf(error)),
    );
    return () => {
      isLeft = true;
    };
  }, [account, invite, tries]);

  const again = () => {
    setProblem(undefined);
    setTries(tries + 1);
  };
  return (
    <AuthPage title={t.title}>
      {problem !== undefined && (
        <Refusal refused={problem}>
          <Button look="quiet" onClick={again}>
            {t.retry}
          </Button>
        </Refusal>
      )}
      {!invitation && problem === undefined && <p role="status">{loading}</p>}
      {invitation && <Entrance invite={invite} invitation={invitation} />}
      {problem !== undefined && (
        <p className={styles['other']}>
          <Link to={{ page: 'home' }}>{t.toTheChat}</Link>
        </p>
      )}
    </AuthPage>
  );
}

/** The way in for who is here: at once, by a name, or by logging in. */
function Entrance({ invite, invitation }: { readonly invite: string; readonly invitation: Invitation }) {
  const t = useDoorTexts().join;
  const account = useAccount();
  const session = useObservable(account.state, (state) => state.session);
  const { roomId, roomName, role } = invitation;
  const isThere = useIsThere();
  const isKnown = session && (session.roomId === undefined || session.roomId === roomId);
  if (isKnown)
    return (
      <AccountEntrance
        invite={invite}
        invitation={invitation}
        name={session.user.userName}
        isGuest={session.roomId !== undefined}
      />
    );
  if (role === 'guest')
    return (
      <GuestForm
        invite={invite}
        roomId={roomId}
        roomName={roomName}
        isAsked={invitation.guestPolicy === 'ASK_MODERATOR'}
        isThere={isThere}
      />
    );
  return (
    <>
      <p>{t.into(roomName)}</p>
      <p>{t.needsAccount}</p>
      <Ways invite={invite} />
    </>
  );
}

/** For who is somebody already: one click. */
function AccountEntrance(props: {
  readonly invite: string;
  readonly invitation: Invitation;
  readonly name: string;
  /** A guest of the room has come by an invitation before. */
  readonly isGuest: boolean;
}) {
  const t = useDoorTexts().join;
  const account = useAccount();
  const [problem, setProblem] = useState<Refused>();
  const [isWorking, setWorking] = useState(false);
  const [isWaiting, setWaiting] = useState(false);
  const session = useObservable(account.state, (state) => state.session);
  const isThere = useIsThere();
  const { roomId, roomName } = props.invitation;
  const open = async () => {
    setProblem(undefined);
    setWorking(true);
    try {
      if (!props.isGuest) {
        const joined = await account.join({ invite: props.invite });
        // Given up meanwhile: the room is in the list.
        if (!joined || !isThere.current) return;
        if (joined.waiting) return setWaiting(true);
      }
      navigate({ page: 'room', roomId });
    } catch (error) {
      setProblem(refusalOf(error));
      setWorking(false);
    }
  };
  const onLeft = () => {
    setWaiting(false);
    setWorking(false);
  };
  if (isWaiting && session)
    return <AccountWaiting session={session} roomId={roomId} roomName={roomName} onLeft={onLeft} />;
  return (
    <>
      <p>{t.asAccount(props.name)}</p>
      {problem && <Refusal refused={problem} />}
      <Button
        look="primary"
        onClick={() => void open()}
        disabled={isWorking}
        autoFocus
        data-testid="join-open"
      >
        {t.open(roomName)}
      </Button>
      <p className={styles['other']}>
        <Button look="text" onClick={() => account.logout()} data-testid="join-not-me">
          {t.notMe}
        </Button>
      </p>
    </>
  );
}

function GuestForm(props: {
  readonly invite: string;
  readonly roomId: number;
  readonly roomName: string;
  /** A host lets people in. */
  readonly isAsked: boolean;
  /** Of the page: this form is gone as soon as its guest has come in. */
  readonly isThere: { readonly current: boolean };
}) {
  const t = useDoorTexts().join;
  const account = useAccount();
  const form = useRef<HTMLFormElement>(null);
  const [problem, setProblem] = useState<Refused>();
  const [isWorking, setWorking] = useState(false);

  const refuse = (refused: Refused) => {
    setProblem(refused);
    // There is one thing to be mended.
    form.current?.querySelector('input')?.focus();
  };
  const enter = async (name: string) => {
    setProblem(undefined);
    setWorking(true);
    try {
      const isIn = await account.enter(props.invite, name, props.roomName);
      if (isIn && props.isThere.current) navigate({ page: 'room', roomId: props.roomId }, { replace: true });
    } catch (error) {
      refuse(refusalOf(error));
      setWorking(false);
    }
  };
  const submit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const name = String(new FormData(event.currentTarget).get('name') ?? '').trim();
    if (name === '') refuse({ text: t.nameMissing });
    else void enter(name);
  };
  return (
    <>
      <p data-testid="join-room">{t.into(props.roomName)}</p>
      {props.isAsked && <p>{t.asked}</p>}
      {problem && <Refusal refused={problem} />}
      <form ref={form} className={styles['form']} onSubmit={submit} noValidate>
        <TextField
          label={t.name}
          hint={t.nameHint}
          name="name"
          autoComplete="nickname"
          spellCheck={false}
          required
          autoFocus
          data-testid="join-name"
        />
        <Button look="primary" type="submit" disabled={isWorking} data-testid="join-submit">
          {isWorking ? t.working : t.submit}
        </Button>
      </form>
      <p className={styles['other']}>{t.haveAccount}</p>
      <Ways invite={props.invite} />
    </>
  );
}

/** To an account, and back here. */
function Ways({ invite }: { readonly invite: string }) {
  const t = useDoorTexts().join;
  const here: Route = { page: 'join', invite };
  const state = { returnTo: pathOf(here) };
  return (
    <p className={styles['other']}>
      <Link to={{ page: 'login' }} state={state} data-testid="join-login">
        {t.login}
      </Link>
      <Link to={{ page: 'register' }} state={state}>
        {t.register}
      </Link>
    </p>
  );
}
