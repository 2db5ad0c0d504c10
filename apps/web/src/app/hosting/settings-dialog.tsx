import {
  guestPolicies,
  isHost,
  limits,
  roomModes,
  type GuestPolicy,
  type RoomMode,
  type RoomState,
} from '@parley/protocol';
import { useState, type SubmitEvent } from 'react';
import { Button } from '../components/button.js';
import { ErrorNote } from '../components/error-note.js';
import { TextField } from '../components/field.js';
import { Icon } from '../components/icon.js';
import { useHostDoorTexts } from '../door/words/use-host-door-texts.js';
import { useChat } from '../site/site-context.js';
import { ActButton, AskButton } from './act-button.js';
import { AuditList } from './audit-list.js';
import { ConsoleDialog } from './console-dialog.js';
import { DoorLogList } from './door-log.js';
import { DoorSection } from './door-section.js';
import styles from './hosting.module.css';
import { useRoomState } from './use-room-state.js';
import { mayTakeOver } from './offers.js';
import { consoleRequest } from './requests.js';
import { RestrictedList } from './restricted-list.js';
import { Section } from './section.js';
import { SelectField } from './select-field.js';
import { changeOf, faultOf, formOf, type SettingsFault } from './settings-change.js';
import { useActs } from './use-acts.js';
import { useHostingTexts } from './words/use-hosting-texts.js';

/** Settings of a room, who is restricted in it, and what was done. */
export function SettingsDialog(props: { readonly roomId: number; readonly onClose: () => void }) {
  const { roomId, onClose } = props;
  const t = useHostingTexts();
  const doorTexts = useHostDoorTexts().door;
  const { me } = useChat();
  const state = useRoomState(roomId);
  const { run, isBusy } = useActs(roomId);
  if (!state) return null;
  const takeOver = async () => {
    if (await run({ act: 'takeOver' })) onClose();
  };
  return (
    <ConsoleDialog title={t.settings.title} onClose={onClose} testId="settings-dialog">
      {isHost(state.role) && (
        <>
          {!state.panic && (
            <div className={styles['buttons']}>
              <Button
                look="quiet"
                onClick={() => consoleRequest.set({ what: 'panic', roomId })}
                data-testid="settings-panic"
              >
                <Icon name="shield" size={18} />
                {t.panic.open}
              </Button>
            </div>
          )}
          <SettingsForm roomId={roomId} state={state} onSaved={onClose} />
          <Section title={doorTexts.title} testId="show-door">
            <DoorSection roomId={roomId} isOwner={state.role === 'owner'} />
          </Section>
          <Section title={t.settings.restricted} testId="show-restricted">
            <RestrictedList roomId={roomId} />
          </Section>
          <Section title={t.settings.log} testId="show-log">
            <p className={styles['hint']}>{t.settings.logHint}</p>
            <AuditList roomId={roomId} empty={t.settings.noLog} />
          </Section>
          <Section title={doorTexts.log} testId="show-door-log">
            <DoorLogList roomId={roomId} />
          </Section>
        </>
      )}
      {mayTakeOver(me, state) && (
        <div className={styles['group']}>
          <AskButton
            label={t.settings.takeOver}
            question={t.settings.takeOverAsk}
            isBusy={isBusy}
            onYes={() => void takeOver()}
            testId="take-over"
          />
          <p className={styles['hint']}>{t.settings.takeOverHint}</p>
        </div>
      )}
    </ConsoleDialog>
  );
}

function SettingsForm(props: {
  readonly roomId: number;
  readonly state: RoomState;
  readonly onSaved: () => void;
}) {
  const t = useHostingTexts();
  const { run, isBusy } = useActs(props.roomId);
  // As it was when it was opened: what others change meanwhile must not move under the hand.
  const [before] = useState(() => formOf(props.state));
  const [form, setForm] = useState(before);
  const [fault, setFault] = useState<SettingsFault>();
  const faults = { slow: t.settings.slowFault, order: t.settings.orderFault };
  const change = (fields: Partial<typeof form>) => setForm({ ...form, ...fields });

  const save = async (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    if (isBusy) return;
    const found = faultOf(form);
    setFault(found);
    if (found) return;
    const act = changeOf(before, form);
    if (!act || (await run(act))) props.onSaved();
  };
  return (
    <form className={styles['group']} onSubmit={(event) => void save(event)} noValidate>
      <SelectField<RoomMode>
        label={t.settings.mode}
        value={form.mode}
        onChange={(mode) => change({ mode })}
        options={roomModes.map((mode) => [mode, t.modes[mode]])}
        testId="mode"
      />
      <SelectField<GuestPolicy>
        label={t.settings.guests}
        value={form.guests}
        onChange={(guests) => change({ guests })}
        options={guestPolicies.map((policy) => [policy, t.guestPolicies[policy]])}
        testId="guest-policy"
      />
      <TextField
        label={t.settings.slow}
        hint={t.settings.slowHint}
        type="number"
        inputMode="numeric"
        min={0}
        max={limits.maxSlowModeSeconds}
        value={form.slow}
        aria-invalid={fault === 'slow' || undefined}
        onChange={(event) => change({ slow: event.target.value })}
        data-testid="slow"
      />
      <div className={styles['pair']}>
        <TextField
          label={t.settings.opens}
          type="datetime-local"
          value={form.opens}
          onChange={(event) => change({ opens: event.target.value })}
          data-testid="opens"
        />
        <TextField
          label={t.settings.closes}
          type="datetime-local"
          value={form.closes}
          aria-invalid={fault === 'order' || undefined}
          onChange={(event) => change({ closes: event.target.value })}
          data-testid="closes"
        />
      </div>
      <p className={styles['hint']}>{t.settings.timesHint}</p>
      {fault && <ErrorNote text={faults[fault]} />}
      <div className={styles['actions']}>
        <ActButton look="primary" type="submit" isBusy={isBusy} data-testid="save-settings">
          {t.settings.save}
        </ActButton>
      </div>
    </form>
  );
}
