import { useEffect, useRef, useState, type SubmitEvent } from 'react';
import type { JoinedByDoor } from '@parley/protocol';
import { AccountWaiting } from '../door/account-waiting.js';
import { Button } from '../components/button.js';
import { PasswordField, TextField } from '../components/field.js';
import { Refusal } from '../door/refusal.js';
import { refusalOf, type Refused } from '../door/refused.js';
import { useDoorTexts } from '../door/words/use-door-texts.js';
import { Link } from '../routing/link.js';
import { navigate } from '../routing/router.js';
import { useAccount } from '../site/site-context.js';
import { useIsThere } from '../use-is-there.js';
import { useObservable } from '../use-observable.js';
import { AuthPage } from './auth-page.js';
import styles from './auth-page.module.css';

/** Six signs, however they are typed; `roomCodeField` is the server's word on it. */
const isCode = (typed: string): boolean => typed.replace(/[\s-]/g, '').length === 6;

/**
 * Where people with an account come into a room by its code. A link only fills it in: following one puts nobody into a room.
 *
 * @param code - As it came with the link; empty without one.
 */
export function CodePage({ code }: { readonly code: string }) {
  const t = useDoorTexts();
  const account = useAccount();
  const form = useRef<HTMLFormElement>(null);
  const [problem, setProblem] = useState<Refused>();
  const [isWorking, setWorking] = useState(false);
  const [waiting, setWaiting] = useState<JoinedByDoor>();
  const session = useObservable(account.state, (state) => state.session);
  const isThere = useIsThere();
  /** The code whose room has asked for its password. */
  const [locked, setLocked] = useState<string>();

  const enter = async (typed: string, password: string | undefined) => {
    setProblem(undefined);
    setWorking(true);
    try {
      const key = { code: typed, ...(password !== undefined && { password }) };
      const joined = await account.join(key);
      // Given up meanwhile: the room is in the list.
      if (!isThere.current) return;
      // Without one, nobody is logged in any more: the page is another one by now.
      if (joined?.waiting) setWaiting(joined);
      else if (joined) navigate({ page: 'room', roomId: joined.roomId }, { replace: true });
    } catch (error) {
      const refused = refusalOf(error);
      const isLocked = 'code' in refused && refused.code === 'PASSWORD_NEEDED';
      if (isLocked) setLocked(typed);
      else
        setProblem(
          'code' in refused && refused.code === 'ROOM_NOT_FOUND' ? { text: t.code.unknown } : refused,
        );
    } finally {
      setWorking(false);
    }
  };
  const submit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const fields = new FormData(event.currentTarget);
    const typed = String(fields.get('code') ?? '').trim();
    const password = fields.get('password');
    if (!isCode(typed)) return setProblem({ text: t.code.malformed });
    if (password === '') return setProblem({ text: t.code.passwordMissing });
    void enter(typed, typeof password === 'string' ? password : undefined);
  };
  // The button that was pressed has lost the focus while it was disabled.
  useEffect(() => {
    if (isWorking || (!problem && locked === undefined)) return;
    const field = locked === undefined ? '[name=code]' : '[name=password]';
    form.current?.querySelector<HTMLElement>(field)?.focus();
  }, [isWorking, problem, locked]);

  if (waiting && session)
    return (
      <AuthPage title={t.lobby.title}>
        <AccountWaiting session={session} {...waiting} onLeft={() => setWaiting(undefined)} />
      </AuthPage>
    );
  return (
    <AuthPage title={t.code.title}>
      {problem && <Refusal refused={problem} />}
      <form ref={form} className={styles['form']} onSubmit={submit} noValidate>
        <TextField
          label={t.code.code}
          hint={t.code.hint}
          name="code"
          defaultValue={code}
          autoComplete="off"
          autoCapitalize="characters"
          spellCheck={false}
          maxLength={32}
          required
          autoFocus={code === ''}
          // Another room's: its password is not this one's.
          onChange={() => setLocked(undefined)}
          data-testid="code"
        />
        {locked !== undefined && (
          <PasswordField
            label={t.code.password}
            hint={t.code.passwordHint}
            name="password"
            autoComplete="off"
            required
            data-testid="code-password"
          />
        )}
        <Button
          look="primary"
          type="submit"
          disabled={isWorking}
          autoFocus={code !== ''}
          data-testid="code-submit"
        >
          {isWorking ? t.join.working : t.join.submit}
        </Button>
      </form>
      <p className={styles['other']}>
        <Link to={{ page: 'home' }}>{t.join.toTheChat}</Link>
      </p>
    </AuthPage>
  );
}
