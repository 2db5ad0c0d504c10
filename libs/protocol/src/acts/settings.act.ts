import { z } from 'zod';
import { limits } from '../limits.js';
import { factNames, guestPolicies, roomModes, type FactChange, type RoomSettings } from './facts.js';

/** A moment, milliseconds since 1970. */
const momentField = z.number().int().min(0).max(8_640_000_000_000_000);

/** Changes what is named. `opensAt`, `closesAt`: null takes the time away. */
export const settingsAct = z.object({
  act: z.literal('settings'),
  mode: z.enum(roomModes).optional(),
  slowModeWaitTime: z.number().int().min(0).max(limits.maxSlowModeSeconds).optional(),
  opensAt: momentField.nullable().optional(),
  closesAt: momentField.nullable().optional(),
  guestPolicy: z.enum(guestPolicies).optional(),
});

/** All settings as they are from here on. */
export const settingsValues = z.object({
  mode: z.enum(roomModes),
  slowModeWaitTime: z.number(),
  opensAt: z.number().optional(),
  closesAt: z.number().optional(),
  /** Entries of before say nothing. */
  guestPolicy: z.enum(guestPolicies).default('ALWAYS_ACCEPT'),
});
export const settingsEvent = z.object({ kind: z.literal('settings'), settings: settingsValues });

/** The facts that settings are: defaults are not kept. */
export function factsOfSettings(settings: RoomSettings): FactChange[] {
  const { mode, slowModeWaitTime, opensAt, closesAt, guestPolicy } = settings;
  return [
    [factNames.mode, mode === 'everyone' ? null : mode],
    [factNames.slow, slowModeWaitTime > 0 ? String(slowModeWaitTime) : null],
    [factNames.opens, opensAt === undefined ? null : String(opensAt)],
    [factNames.closes, closesAt === undefined ? null : String(closesAt)],
    [factNames.guests, guestPolicy === 'ALWAYS_ACCEPT' ? null : guestPolicy],
  ];
}
export const settingsFacts = ({ settings }: z.infer<typeof settingsEvent>): FactChange[] =>
  factsOfSettings(settings as RoomSettings);
