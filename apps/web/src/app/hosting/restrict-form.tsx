import { codePointLength, limits } from '@parley/protocol';
import { useState } from 'react';
import { TextField } from '../components/field.js';
import { ActButton, AskButton } from './act-button.js';
import styles from './hosting.module.css';
import type { Person } from './offers.js';
import { SelectField } from './select-field.js';
import { useActs } from './use-acts.js';
import { durationText } from './words/act-texts.js';
import { useHostingTexts } from './words/use-hosting-texts.js';

const timeoutSeconds = [60, 600, 3_600, 86_400] as const;
const banSeconds = [3_600, 86_400, 604_800] as const;
const maxMinutes = Math.floor(limits.maxTimeoutSeconds / 60);

/** Time-out, kick and ban, with a reason. */
export function RestrictForm(props: {
  readonly roomId: number;
  readonly person: Person;
  readonly onDone: () => void;
}) {
  const { userId, userName } = props.person;
  const t = useHostingTexts();
  const { run, isBusy } = useActs(props.roomId);
  const [length, setLength] = useState<string>('600');
  const [minutes, setMinutes] = useState('30');
  const [banLength, setBanLength] = useState('');
  const [reason, setReason] = useState('');
  const seconds = length === 'other' ? Math.round(Number(minutes) * 60) : Number(length);
  const isLength = seconds >= 1 && seconds <= limits.maxTimeoutSeconds;
  const why = reason.trim() === '' ? {} : { reason: reason.trim() };

  const restrict = async (act: Parameters<typeof run>[0]) => {
    if (await run(act, userName)) props.onDone();
  };
  const timeout = () => isLength && restrict({ act: 'timeout', userId, seconds, ...why });
  const ban = () =>
    restrict({ act: 'ban', userId, ...(banLength !== '' && { seconds: Number(banLength) }), ...why });

  return (
    <>
      <fieldset className={styles['group']}>
        <legend>{t.person.timeoutTitle}</legend>
        <div className={styles['pair']}>
          <SelectField
            label={t.person.howLong}
            value={length}
            onChange={setLength}
            options={[
              ...timeoutSeconds.map((value) => [String(value), durationText(t, value)] as const),
              ['other', t.person.other],
            ]}
            testId="timeout-length"
          />
          {length === 'other' && (
            <TextField
              label={t.person.otherMinutes}
              type="number"
              inputMode="numeric"
              min={1}
              max={maxMinutes}
              value={minutes}
              aria-invalid={!isLength || undefined}
              onChange={(event) => setMinutes(event.target.value)}
              data-testid="timeout-minutes"
            />
          )}
        </div>
        <TextField
          label={t.person.reason}
          value={reason}
          autoComplete="off"
          onChange={(event) => setReason(cut(event.target.value))}
          data-testid="reason"
        />
        <p className={styles['hint']}>{t.person.timeoutHint}</p>
        <div className={styles['buttons']}>
          <ActButton
            look="primary"
            isBusy={isBusy || !isLength}
            onClick={() => void timeout()}
            data-testid="timeout"
          >
            {t.person.timeout}
          </ActButton>
        </div>
      </fieldset>
      <fieldset className={styles['group']}>
        <legend>{t.person.removeTitle}</legend>
        <SelectField
          label={t.person.banFor}
          value={banLength}
          onChange={setBanLength}
          options={[
            ['', t.forGood],
            ...banSeconds.map((value) => [String(value), durationText(t, value)] as const),
          ]}
          testId="ban-length"
        />
        <div className={styles['buttons']}>
          <AskButton
            label={t.person.kick}
            question={t.person.kickAsk(userName)}
            isBusy={isBusy}
            onYes={() => void restrict({ act: 'kick', userId, ...why })}
            testId="kick"
          />
          <AskButton
            label={t.person.ban}
            question={t.person.banAsk(userName)}
            isBusy={isBusy}
            onYes={() => void ban()}
            testId="ban"
          />
        </div>
      </fieldset>
    </>
  );
}

/** As much as a reason may have. */
function cut(reason: string): string {
  const most = limits.maxReasonCodePoints;
  return codePointLength(reason) <= most ? reason : [...reason].slice(0, most).join('');
}
