import { ApiError } from '@parley/client';
import { useRef, useState, type ReactNode, type SubmitEvent } from 'react';
import { Button } from '../components/button.js';
import { ErrorNote } from '../components/error-note.js';
import { PasswordField, TextField } from '../components/field.js';
import { useErrorText, useTexts } from '../i18n/texts.js';
import { useSite } from '../site/site-context.js';
import { useObservable } from '../use-observable.js';
import { AuthPage } from './auth-page.js';
import type { DemoAccounts } from '../account/demo-accounts.js';
import styles from './auth-page.module.css';
import { DemoLogins } from './demo-logins.js';

/** A name and a password, as they were typed. Further fields by their names. */
export type Typed = (field: string) => string;

/** What logging in and registering have in common. */
export interface CredentialsPageProps {
  /** Starts the test ids of the fields. */
  readonly id: 'login' | 'register';
  readonly title: string;
  readonly submit: string;
  readonly working: string;
  /** Said until the first attempt. */
  readonly notice?: string | undefined;
  readonly passwordHint?: string;
  /** Whether the password exists already; browsers offer it then, and else one of their making. */
  readonly password: 'current-password' | 'new-password';
  /** What is wrong with what was typed, in words, and in which field, when it need not be sent for that. */
  readonly check?: (typed: Typed) => { readonly text: string; readonly field: string } | undefined;
  /** Said when the server takes no such name. @defaultValue what is said of anything that is not allowed */
  readonly nameRefused?: string;
  /** @throws {ApiError} */
  readonly send: (name: string, password: string) => Promise<void>;
  /** Fields below the password. */
  readonly children?: ReactNode;
  /** Accounts that need no typing. */
  readonly demo?: DemoAccounts | undefined;
  /** The way to the other page. */
  readonly other: ReactNode;
}

/** A page that asks who somebody is. After it the app goes on to the room by itself. */
export function CredentialsPage(props: CredentialsPageProps) {
  const t = useTexts();
  const errorText = useErrorText();
  const site = useSite();
  const isUnreachable = useObservable(site.state, ({ phase }) => phase === 'failed');
  const [problem, setProblem] = useState(props.notice);
  const [isWorking, setWorking] = useState(false);
  const form = useRef<HTMLFormElement>(null);

  const focusOn = (field: string) => form.current?.querySelector<HTMLElement>(`[name=${field}]`)?.focus();
  const send = async (name: string, password: string) => {
    setProblem(undefined);
    setWorking(true);
    try {
      await props.send(name, password);
    } catch (error) {
      const { code, problem } = error instanceof ApiError ? error : new ApiError(0, 'INTERNAL', false);
      const isRefused = problem?.fields?.includes('userName') ?? false;
      setProblem(isRefused && props.nameRefused !== undefined ? props.nameRefused : errorText(code));
      setWorking(false);
      // The button that was pressed has lost it meanwhile.
      focusOn(isRefused || code === 'NAME_TAKEN' ? 'name' : 'password');
    }
  };
  const submit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const fields = new FormData(event.currentTarget);
    const typed: Typed = (field) => String(fields.get(field) ?? '');
    const found = props.check?.(typed);
    if (found === undefined) return void send(typed('name').trim(), typed('password'));
    setProblem(found.text);
    focusOn(found.field);
  };

  return (
    <AuthPage title={props.title}>
      {isUnreachable && (
        <ErrorNote text={t.app.loadFailed}>
          <Button look="quiet" onClick={() => site.retryNow()}>
            {t.app.retry}
          </Button>
        </ErrorNote>
      )}
      {problem !== undefined && <ErrorNote text={problem} />}
      <form
        ref={form}
        className={styles['form']}
        onSubmit={submit}
        // Whoever types will be in the chat soon.
        onInput={site.chat.want}
        noValidate={props.check !== undefined}
      >
        <TextField
          label={t.login.name}
          name="name"
          autoComplete="username"
          autoCapitalize="none"
          spellCheck={false}
          required
          autoFocus
          data-testid={`${props.id}-name`}
        />
        <PasswordField
          label={t.login.password}
          {...(props.passwordHint !== undefined && { hint: props.passwordHint })}
          name="password"
          autoComplete={props.password}
          required
          data-testid={`${props.id}-password`}
        />
        {props.children}
        <Button look="primary" type="submit" disabled={isWorking} data-testid={`${props.id}-submit`}>
          {isWorking ? props.working : props.submit}
        </Button>
      </form>
      <p className={styles['other']}>{props.other}</p>
      {props.demo && (
        <DemoLogins
          demo={props.demo}
          isDisabled={isWorking}
          onChoose={(name, password) => void send(name, password)}
        />
      )}
    </AuthPage>
  );
}
