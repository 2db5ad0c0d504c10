import { isErrorCode, type ErrorCode } from '@parley/protocol';

/** What can go wrong on this side of the wire. */
type LocalCode =
  | 'NETWORK'
  | 'ADDRESS_GUESSED'
  | 'BAD_RESPONSE'
  | 'WAITED_TOO_LONG'
  | 'PAGING_DEADLINE'
  | 'CHANGED_SINCE'
  | 'DISCONNECTED'
  | 'CLOSED'
  | 'ENDED';

const localCodes: ReadonlySet<string> = new Set<LocalCode>([
  'NETWORK',
  'ADDRESS_GUESSED',
  'BAD_RESPONSE',
  'WAITED_TOO_LONG',
  'PAGING_DEADLINE',
  'CHANGED_SINCE',
  'DISCONNECTED',
  'CLOSED',
  'ENDED',
]);

/** A code without a text does not compile. */
export type ErrorTexts = Readonly<Record<ErrorCode | LocalCode, string>>;

/**
 * An error in words.
 *
 * @param texts - Those of a language.
 * @param code - Of the error catalogue or of libs/client. A newer server may send others: they read like `INTERNAL`.
 */
export function errorText(texts: ErrorTexts, code: string): string {
  const known = isErrorCode(code) || localCodes.has(code) ? (code as ErrorCode | LocalCode) : 'INTERNAL';
  return texts[known];
}
