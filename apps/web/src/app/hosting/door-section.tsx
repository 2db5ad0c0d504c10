import { codePointLength, limits, opaqueString, type DoorSettings } from '@parley/protocol';
import { useRef, useState, type SubmitEvent } from 'react';
import { Button } from '../components/button.js';
import { ErrorNote } from '../components/error-note.js';
import { PasswordField } from '../components/field.js';
import { LinesSkeleton } from '../components/skeleton.js';
import { useHostDoorTexts } from '../door/words/use-host-door-texts.js';
import { useErrorText, useTexts } from '../i18n/texts.js';
import { pathOf } from '../routing/route.js';
import { useChat } from '../site/site-context.js';
import { copyText } from '../text/copy-text.js';
import { ActButton, AskButton } from './act-button.js';
import { codeOf } from './act-runner.js';
import styles from './hosting.module.css';
import { useLoaded } from './use-loaded.js';
import { useRounds } from './use-rounds.js';

/** How soon what another owner has changed is seen, milliseconds. */
const LOOK_MS = 5_000;

/** What an owner asks of the door; `null` takes the password away. */
type Change = { readonly listed?: boolean; readonly password?: string | null; readonly code?: boolean };

interface PartProps {
  readonly door: DoorSettings;
  readonly isOwner: boolean;
  readonly isBusy: boolean;
  /** @returns Whether it was done. */
  readonly change: (change: Change) => Promise<boolean>;
  /** Makes a code where there is none. */
  readonly makeCode: () => Promise<void>;
}

/** Who finds a room and by what people come in. Hosts see it, owners change it. */
export function DoorSection({ roomId, isOwner }: { readonly roomId: number; readonly isOwner: boolean }) {
  const t = useHostDoorTexts().door;
  const texts = useTexts();
  const errorText = useErrorText();
  const chat = useChat();
  const round = useRounds(LOOK_MS);
  const { value: door, errorCode, again, put } = useLoaded(() => chat.door.door(roomId), round);
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string>();

  // What was loaded before stays, and is looked at again soon.
  if (errorCode !== undefined && !door) {
    return (
      <ErrorNote text={errorText(errorCode)}>
        <Button look="quiet" onClick={again}>
          {texts.app.retry}
        </Button>
      </ErrorNote>
    );
  }
  if (!door) return <LinesSkeleton label={texts.app.loading} />;

  const attempt = async (work: () => Promise<DoorSettings>): Promise<boolean> => {
    setProblem(undefined);
    setBusy(true);
    try {
      put(await work());
      return true;
    } catch (error) {
      setProblem(codeOf(error));
      // It may have been done, and its answer lost.
      const now = await chat.door.door(roomId).catch(() => undefined);
      if (now) put(now);
      return false;
    } finally {
      setBusy(false);
    }
  };
  const change = (wanted: Change) => attempt(() => chat.door.changeDoor(roomId, wanted));
  const makeCode = async () => {
    await attempt(async () => {
      // Another owner may have made one that people have by now: it is shown, and replaced only by who is asked first.
      const now = await chat.door.door(roomId);
      return now.code === undefined ? chat.door.changeDoor(roomId, { code: true }) : now;
    });
  };
  const props = { door, isOwner, isBusy, change, makeCode };
  return (
    <div className={styles['group']} data-testid="door-section">
      {problem !== undefined && <ErrorNote text={errorText(problem)} />}
      <Privacy {...props} />
      <Code {...props} />
      {!door.listed && <Password {...props} />}
      {!isOwner && <p className={styles['hint']}>{t.ownersOnly}</p>}
    </div>
  );
}

function Privacy({ door, isOwner, isBusy, change }: PartProps) {
  const t = useHostDoorTexts().door;
  const { listed, hasPassword } = door;
  return (
    <>
      <p role="status" data-testid="door-privacy" data-listed={listed}>
        {listed ? t.listed : t.private}
      </p>
      {isOwner && (
        <div className={styles['buttons']}>
          <AskButton
            key={String(listed)}
            label={listed ? t.makePrivate : t.list}
            question={listed ? t.makePrivateAsk : t.listAsk(hasPassword)}
            isBusy={isBusy}
            onYes={() => void change({ listed: !listed })}
            testId="door-listed"
          />
        </div>
      )}
    </>
  );
}

function Code({ door: { code }, isOwner, isBusy, change, makeCode }: PartProps) {
  const t = useHostDoorTexts().door;
  const [copied, setCopied] = useState<string>();
  const url = (to: string | undefined) =>
    new URL(pathOf({ page: 'code', ...(to !== undefined && { code: to }) }), window.location.origin).href;
  const copy = (text: string) => {
    copyText(text);
    setCopied(text);
  };
  return (
    <section aria-label={t.codeTitle} className={styles['group']}>
      <h3>{t.codeTitle}</h3>
      <p className={styles['hint']}>{code === undefined ? t.noCode : t.codeAbout(url(undefined))}</p>
      {code !== undefined && (
        <>
          <p className={styles['code']} aria-label={t.code} role="status" data-testid="door-code">
            {code}
          </p>
          <div className={styles['buttons']} aria-live="polite">
            <Button look="quiet" onClick={() => copy(code)} data-testid="door-copy">
              {copied === code ? t.copied : t.copy}
            </Button>
            <Button look="quiet" onClick={() => copy(url(code))} data-testid="door-copy-link">
              {copied === url(code) ? t.copied : t.copyLink}
            </Button>
          </div>
        </>
      )}
      {isOwner && (
        <div className={styles['buttons']}>
          {code === undefined ? (
            <ActButton
              look="quiet"
              isBusy={isBusy}
              onClick={() => void makeCode()}
              data-testid="door-make-code"
            >
              {t.makeCode}
            </ActButton>
          ) : (
            <>
              <AskButton
                label={t.newCode}
                question={t.newCodeAsk}
                isBusy={isBusy}
                onYes={() => void change({ code: true })}
                testId="door-new-code"
              />
              <AskButton
                label={t.removeCode}
                question={t.removeCodeAsk}
                isBusy={isBusy}
                onYes={() => void change({ code: false })}
                testId="door-remove-code"
              />
            </>
          )}
        </div>
      )}
    </section>
  );
}

function Password({ door: { hasPassword }, isOwner, isBusy, change }: PartProps) {
  const t = useHostDoorTexts().door;
  const form = useRef<HTMLFormElement>(null);
  const [isShort, setShort] = useState(false);
  const least = limits.minPasswordCodePoints;
  const set = async (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    if (isBusy) return;
    const password = String(new FormData(event.currentTarget).get('password') ?? '');
    const tooShort = codePointLength(opaqueString(password)) < least;
    setShort(tooShort);
    if (!tooShort && (await change({ password }))) form.current?.reset();
  };
  return (
    <section aria-label={t.passwordTitle} className={styles['group']}>
      <h3>{t.passwordTitle}</h3>
      <p className={styles['hint']}>{t.passwordAbout}</p>
      {hasPassword && (
        <p role="status" data-testid="door-has-password">
          {t.passwordSet}
        </p>
      )}
      {isOwner && (
        <>
          <form ref={form} className={styles['group']} onSubmit={(event) => void set(event)} noValidate>
            <PasswordField
              label={hasPassword ? t.newPassword : t.password}
              hint={t.passwordHint(least)}
              name="password"
              autoComplete="new-password"
              aria-invalid={isShort || undefined}
              data-testid="door-password"
            />
            {isShort && <ErrorNote text={t.passwordFault(least)} />}
            <div className={styles['buttons']}>
              <ActButton look="quiet" type="submit" isBusy={isBusy} data-testid="door-set-password">
                {hasPassword ? t.changePassword : t.setPassword}
              </ActButton>
            </div>
          </form>
          {hasPassword && (
            <div className={styles['buttons']}>
              <AskButton
                label={t.removePassword}
                question={t.removePasswordAsk}
                isBusy={isBusy}
                onYes={() => void change({ password: null })}
                testId="door-remove-password"
              />
            </div>
          )}
        </>
      )}
    </section>
  );
}
