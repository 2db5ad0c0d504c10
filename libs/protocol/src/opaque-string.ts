import { isStorable } from './visible-text.js';

/**
 * A password as it is compared: every space is the ASCII one, and characters are composed, so that it does not matter on
 * which keyboard it was typed. Case and width are kept.
 *
 * @see RFC 8265, section 4.2 (OpaqueString)
 */
export function opaqueString(password: string): string {
  return password.replace(/\p{Zs}/gu, ' ').normalize('NFC');
}

/**
 * Whether a new password may be one: no control characters, nothing that UTF-8 cannot say. OpaqueString forbids the signs
 * that join emoji, too, and what is not yet assigned; both come from keyboards of today, and are allowed.
 */
export function isTypeable(password: string): boolean {
  return isStorable(password) && !/[\p{Cc}\p{Noncharacter_Code_Point}]/u.test(password);
}
