import { useState } from 'react';
import { ActButton } from './act-button.js';
import { Button } from '../components/button.js';
import { ConsoleDialog } from './console-dialog.js';
import styles from './hosting.module.css';
import { SelectField } from './select-field.js';
import { useActs } from './use-acts.js';
import { durationText } from './words/act-texts.js';
import { useHostingTexts } from './words/use-hosting-texts.js';

const hideSeconds = [0, 60, 300, 600, 1_800, 3_600] as const;

/** Asks once, and puts the room in order. */
export function PanicDialog({ roomId, onClose }: { readonly roomId: number; readonly onClose: () => void }) {
  const t = useHostingTexts();
  const { run, isBusy } = useActs(roomId);
  const [hideLastSeconds, setHide] = useState(0);
  const panic = async () => {
    if (await run({ act: 'panic', hideLastSeconds })) onClose();
  };
  return (
    <ConsoleDialog title={t.panic.title} onClose={onClose} testId="panic-dialog">
      <p>{t.panic.text}</p>
      <SelectField
        label={t.panic.hide}
        value={String(hideLastSeconds)}
        onChange={(value) => setHide(Number(value))}
        options={hideSeconds.map((seconds) => [
          String(seconds),
          seconds === 0 ? t.panic.hideNothing : durationText(t, seconds),
        ])}
        testId="panic-hide"
      />
      <div className={styles['actions']}>
        <Button look="quiet" onClick={onClose}>
          {t.cancel}
        </Button>
        <ActButton
          look="primary"
          className={styles['danger'] ?? ''}
          isBusy={isBusy}
          autoFocus
          onClick={() => void panic()}
          data-testid="panic-confirm"
        >
          {t.panic.confirm}
        </ActButton>
      </div>
    </ConsoleDialog>
  );
}

/** Takes a panic back, with the messages that it hid or without them. */
export function CalmDialog({ roomId, onClose }: { readonly roomId: number; readonly onClose: () => void }) {
  const t = useHostingTexts();
  const { run, isBusy } = useActs(roomId);
  const calm = async (restore: boolean) => {
    if (await run({ act: 'calm', restore })) onClose();
  };
  return (
    <ConsoleDialog title={t.panic.calmTitle} onClose={onClose} testId="calm-dialog">
      <p>{t.panic.calmText}</p>
      <div className={styles['actions']}>
        <ActButton look="quiet" isBusy={isBusy} onClick={() => void calm(false)} data-testid="calm-only">
          {t.panic.calmOnly}
        </ActButton>
        <ActButton
          look="primary"
          isBusy={isBusy}
          autoFocus
          onClick={() => void calm(true)}
          data-testid="calm-restore"
        >
          {t.panic.calmRestore}
        </ActButton>
      </div>
    </ConsoleDialog>
  );
}
