import { factNames, settingsOf, type RoomSettings } from '@parley/protocol';
import { asTheyAre, type ActResolver } from './resolved-act.js';

/** All settings are told and kept together, so each act relies on what the others are. */
export const settingNames = [
  factNames.mode,
  factNames.slow,
  factNames.opens,
  factNames.closes,
  factNames.guests,
] as const;

export const settings: ActResolver<'settings'> = (act, { facts }) => {
  const { mode, slowModeWaitTime, opensAt, closesAt, guestPolicy } = settingsOf(facts);
  const after: RoomSettings = {
    mode: act.mode ?? mode,
    slowModeWaitTime: act.slowModeWaitTime ?? slowModeWaitTime,
    ...moment('opensAt', act.opensAt, opensAt),
    ...moment('closesAt', act.closesAt, closesAt),
    guestPolicy: act.guestPolicy ?? guestPolicy,
  };
  return { event: { kind: 'settings', settings: after }, expect: asTheyAre(facts, ...settingNames) };
};

function moment(name: 'opensAt' | 'closesAt', asked: number | null | undefined, known: number | undefined) {
  const at = asked === undefined ? known : (asked ?? undefined);
  return at === undefined ? {} : { [name]: at };
}
