import { z } from 'zod';
import { codePointLength } from './code-point-length.js';
import { limits } from './limits.js';
import { isVisibleName, preparedName } from './names.js';
import { isTypeable, opaqueString } from './opaque-string.js';
import { isStorable, showsSomething } from './visible-text.js';

/** Any text that can be kept as it is: no NUL, no half of a surrogate pair. */
export const storableField = z.string().refine(isStorable, 'storable');

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
export const epochField = storableField.min(1).max(36);

/**
 * Message text: something to see, kept as sent, at most `limits.maxTextCodePoints`. Its length is judged by the
 * `MESSAGE_TOO_LONG` error.
 */
export const textField = storableField.refine(showsSomething, 'blank');

/** Client-chosen id that makes a send idempotent. Clients of ours use UUIDv7. */
export const clientMsgIdField = z
  .string()
  .regex(/^[\w.:-]+$/)
  .max(limits.maxClientMsgIdChars);

/** A name as people type it, prepared: something to see in it, nothing hidden, at most `max` code points. */
const nameField = (max: number) =>
  z
    .string()
    .transform(preparedName)
    .refine((name) => codePointLength(name) <= max && isVisibleName(name), 'name');

/** The name of a user. Who it is, is `nameKey` of it. */
export const userNameField = nameField(limits.maxNameCodePoints);
/** The name of a room. */
export const roomNameField = nameField(limits.maxRoomNameCodePoints);

/** Bytes of `text` in UTF-8. */
const utf8Length = (text: string) => new TextEncoder().encode(text).length;

/** A new password. It is passed on as typed, and compared as `opaqueString`, whose length is what counts. */
export const passwordField = z.string().refine((password) => {
  const compared = opaqueString(password);
  return (
    isTypeable(password) &&
    codePointLength(compared) >= limits.minPasswordCodePoints &&
    utf8Length(compared) <= limits.maxPasswordBytes
  );
}, 'password');

/** Correlates a reply with its request; echoed as it came. A number that came changed is `NaN`, see `parseJson`. */
export const refField = z.union([storableField.max(64), z.number()]);

export const tokenField = z.string().min(1).max(4_096);
