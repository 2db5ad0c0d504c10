import { otherBlanks, preparedName } from '@parley/protocol';
import unhomoglyph from 'unhomoglyph';

const unseen = /[\p{Default_Ignorable_Code_Point}\p{Cc}\p{Cf}\p{Surrogate}]/gu;
const blanks = new RegExp(`[\\p{White_Space}${otherBlanks}]+`, 'gu');

/** Compatibility forms, case, and signs without a shape of their own are folded; blanks are single spaces within. */
function fold(name: string): string {
  const cased = name
    .normalize('NFKC')
    .replace(blanks, ' ')
    .replace(unseen, '')
    // There and back, for want of Unicode's case folding: ß, ẞ and SS are one, ſ and S, ς and Σ.
    .toLowerCase()
    .toUpperCase()
    .toLowerCase();
  return preparedName(cased.normalize('NFKC'));
}

/** What a reader sees of a name, in letters for those that look like them (UTS 39, section 4). */
function skeleton(name: string): string {
  const seen = name.normalize('NFKC').replace(blanks, ' ').replace(unseen, '').normalize('NFD');
  return unhomoglyph(seen.replace(/(\p{Mn})\1+/gu, '$1')).normalize('NFD');
}

/**
 * Who a user name means: two names with one key are one name. Log-in, the limits on it and the accounts compare this, and
 * nothing else. Empty only for a name that shows nothing, which nobody has.
 *
 * @see RFC 8266, section 2.4
 */
export function nameKey(name: string): string {
  return fold(name);
}

/**
 * What a user name looks like: two names with one look cannot both be registered. It is no key: `Вова` and `вова` are one
 * name, although only the first has a letter that looks like a Latin B.
 *
 * @see UTS 39, section 4
 */
export function nameLook(name: string): string {
  // Seen as typed, then without case, then again: М looks like M, which is m, which looks like rn.
  return skeleton(fold(skeleton(name))).trim();
}
