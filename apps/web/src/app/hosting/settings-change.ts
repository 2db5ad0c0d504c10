import { limits, type ActInput, type GuestPolicy, type RoomMode, type RoomState } from '@parley/protocol';
import { fromLocalInput, toLocalInput } from './local-time.js';

/** The settings of a room as a form has them. */
export interface SettingsForm {
  readonly mode: RoomMode;
  readonly guests: GuestPolicy;
  /** Seconds, as they were typed. */
  readonly slow: string;
  readonly opens: string;
  readonly closes: string;
}

/** The form of a room as it stands. */
export const formOf = (state: RoomState): SettingsForm => ({
  mode: state.mode,
  guests: state.guestPolicy,
  slow: String(state.slowModeWaitTime),
  opens: toLocalInput(state.opensAt),
  closes: toLocalInput(state.closesAt),
});

/** What is wrong with a form. */
export type SettingsFault = 'slow' | 'order';

/** @returns The first fault; undefined when it can be saved. */
export function faultOf({ slow, opens, closes }: SettingsForm): SettingsFault | undefined {
  if (!/^\d{1,4}$/.test(slow) || Number(slow) > limits.maxSlowModeSeconds) return 'slow';
  const [opensAt, closesAt] = [fromLocalInput(opens), fromLocalInput(closes)];
  return opensAt !== null && closesAt !== null && closesAt <= opensAt ? 'order' : undefined;
}

/**
 * The act that makes a form true. Only what was changed in the form is in it: another host may have changed the rest meanwhile.
 *
 * @returns undefined when nothing was changed.
 */
export function changeOf(before: SettingsForm, after: SettingsForm): ActInput | undefined {
  const changed = {
    ...(after.mode !== before.mode && { mode: after.mode }),
    ...(after.guests !== before.guests && { guestPolicy: after.guests }),
    ...(after.slow !== before.slow && { slowModeWaitTime: Number(after.slow) }),
    ...(after.opens !== before.opens && { opensAt: fromLocalInput(after.opens) }),
    ...(after.closes !== before.closes && { closesAt: fromLocalInput(after.closes) }),
  };
  return Object.keys(changed).length === 0 ? undefined : { act: 'settings', ...changed };
}
