import { z } from 'zod';
import { limits } from './limits.js';

/** Number of Unicode code points, without building an array. */
export function codePointLength(text: string): number {
  let count = 0;
  for (let i = 0; i < text.length; i++) {
    count++;
    const unit = text.charCodeAt(i);
    if (unit >= 0xd800 && unit < 0xdc00) {
      const next = text.charCodeAt(i + 1);
      if (next >= 0xdc00 && next < 0xe000) i++;
    }
  }
  return count;
}

const positive = z.number().int().positive().max(Number.MAX_SAFE_INTEGER);

/** A user, room or other positive id. gochat's clients send some as digit strings. */
export const idField = z.union([
  positive,
  z
    .string()
    .regex(/^[1-9]\d{0,15}$/)
    .transform(Number)
    .pipe(positive),
]);

/** A sequence number within a room: 1, 2, 3 …; 0 means "before the first". */
export const seqField = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);

/** Names one unbroken line of sequence numbers of a room; a new one means Redis lost its data. */
export const epochField = z.string().min(1).max(36);

/** Message text: not blank, at most `limits.maxTextCodePoints`. Its length is judged by the `MESSAGE_TOO_LONG` error. */
export const textField = z.string().refine((text) => text.trim() !== '', 'blank');

/** Client-chosen id that makes a send idempotent. Clients of ours use UUIDv7. */
export const clientMsgIdField = z
  .string()
  .regex(/^[\w.:-]+$/)
  .max(limits.maxClientMsgIdChars);

/** A name as people type it: trimmed, no control characters, NFC, at most `max` code points. */
const nameField = (max: number) =>
  z
    .string()
    .transform((name) => name.normalize('NFC').trim())
    .refine(
      (name) => name !== '' && codePointLength(name) <= max && !/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(name),
      'name',
    );

export const userNameField = nameField(limits.maxNameCodePoints);
export const roomNameField = nameField(limits.maxRoomNameCodePoints);

/** Bytes of `text` in UTF-8. */
const utf8Length = (text: string) => new TextEncoder().encode(text).length;

export const passwordField = z
  .string()
  .refine((password) => codePointLength(password) >= limits.minPasswordCodePoints, 'short')
  .refine((password) => utf8Length(password) <= limits.maxPasswordBytes, 'long');

/** Correlates a reply with its request; echoed as it came. */
export const refField = z.union([z.string().max(64), z.number()]);

export const tokenField = z.string().min(1).max(4_096);
