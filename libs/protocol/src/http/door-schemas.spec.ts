import { describe, expect, it } from 'vitest';
import { limits } from '../limits.js';
import {
  doorChangeSchema,
  doorKeySchema,
  doorLogQuerySchema,
  guestBodySchema,
  inviteTokenField,
  roomCodeField,
} from './door-schemas.js';

const token = (length: number) => 'x'.repeat(length);
const guest = (name: string) => guestBodySchema.safeParse({ invite: token(32), name }).success;
const password = (text: string) => doorChangeSchema.safeParse({ password: text }).success;
const key = (text: string) => doorKeySchema.safeParse({ code: 'ABC234', password: text }).success;
const code = (text: string) => roomCodeField.safeParse(text).success;

describe('what the door takes, and the next that it does not', () => {
  it.each<[string, (length: number) => boolean, number, number]>([
    ['secrets', (length) => inviteTokenField.safeParse(token(length)).success, 20, 64],
    ['names of guests', (length) => guest('a'.repeat(length)), 1, limits.maxNameCodePoints],
    [
      'names of signs outside of the first plane',
      (length) => guest('𝒜'.repeat(length)),
      1,
      limits.maxNameCodePoints,
    ],
    [
      'passwords to set',
      (length) => password('p'.repeat(length)),
      limits.minPasswordCodePoints,
      limits.maxPasswordBytes,
    ],
    ['passwords to try', (length) => key('p'.repeat(length)), 0, 1_024],
    ['codes', (length) => code('A'.repeat(length)), 6, 6],
    ['codes as they are typed', (length) => code('ABC234'.slice(0, length).padEnd(length)), 6, 32],
    [
      'lines of the log',
      (lines) => doorLogQuerySchema.safeParse({ limit: String(lines) }).success,
      1,
      limits.maxAuditPage,
    ],
  ])('%s', (_, takes, least, most) => {
    expect([takes(least), takes(most), takes(most + 1)]).toEqual([true, true, false]);
    if (least > 0 && least < most) expect(takes(least - 1)).toBe(false);
  });

  it('codes have no signs that are taken for others', () => {
    for (const sign of '01OIL_é') expect(code(`ABC23${sign}`)).toBe(false);
    expect(roomCodeField.parse(' abc-234 ')).toBe('ABC234');
  });
});
