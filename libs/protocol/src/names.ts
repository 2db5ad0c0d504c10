import { isStorable, otherBlanks } from './visible-text.js';

/** Scripts that join their letters, so that a joiner or non-joiner between two of them is seen. */
const joiningScripts = [
  ...['Arabic', 'Syriac', 'Nko', 'Mandaic', 'Mongolian', 'Phags_Pa', 'Adlam', 'Hanifi_Rohingya'],
  ...['Devanagari', 'Bengali', 'Gurmukhi', 'Gujarati', 'Oriya', 'Tamil', 'Telugu', 'Kannada', 'Malayalam'],
  ...['Sinhala', 'Myanmar', 'Khmer', 'Tibetan', 'Javanese', 'Balinese', 'Limbu', 'Meetei_Mayek', 'Lepcha'],
];

/**
 * Signs without a shape of their own, each where it changes what is seen:
 * - a variation selector behind a character of an emoji or an ideograph, Mongolian ones behind a Mongolian letter;
 * - a joiner inside an emoji sequence (👩‍💻);
 * - a joiner or non-joiner between two letters of a script that joins its letters (Persian, Devanagari …);
 * - the tags of a regional flag (🏴󠁧󠁢󠁷󠁬󠁳󠁿).
 *
 * @see RFC 5892, appendices A.1 and A.2, which ask the same of joiners; UTS 51, section 1.4
 */
function usefulSigns(): RegExp {
  const letter = `(?=[\\p{L}\\p{M}])[${joiningScripts.map((script) => `\\p{scx=${script}}`).join('')}]`;
  const places = [
    '(?<=[\\p{Emoji}\\p{Extended_Pictographic}])[\\uFE0E\\uFE0F]',
    '(?<=\\p{Unified_Ideograph})[\\uFE00-\\uFE02\\u{E0100}-\\u{E01EF}]',
    '(?<=\\p{scx=Mongolian})[\\u180B-\\u180D\\u180F]',
    '(?<=[\\p{Extended_Pictographic}\\p{Emoji_Modifier}\\uFE0F])\\u200D(?=\\p{Extended_Pictographic})',
    `(?<=${letter})[\\u200C\\u200D](?=${letter})`,
    '(?<=\\u{1F3F4})[\\u{E0030}-\\u{E0039}\\u{E0061}-\\u{E007A}]+\\u{E007F}',
  ];
  return new RegExp(places.join('|'), 'gu');
}

/** Made when it is first needed: this file is also loaded by browsers, which may not know every script. */
let useful: RegExp | undefined;

/** What no name may hold: signs that show nothing, change the direction of what follows, or end a line. */
const forbidden = new RegExp(
  `[\\p{Default_Ignorable_Code_Point}\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}\\p{Noncharacter_Code_Point}${otherBlanks}]`,
  'u',
);

/** Something to see that stands by itself. */
const base = /[^\p{M}\p{C}\p{Z}]|[\p{Co}\p{Cn}]/u;
/** A mark on what stands before the name, and a mark on its own twin, which hides it (UTS 39, section 5.4). */
const misplacedMark = /^\p{M}|(\p{Mn})\1/u;

/** A name as it is kept: composed, white space at its ends gone and single spaces within (RFC 8266, section 2.1). */
export function preparedName(name: string): string {
  return name
    .normalize('NFC')
    .replace(/[\p{Zs}\t]+/gu, ' ')
    .trim();
}

/** Whether a prepared name can be told apart by looking at it: something is seen, and nothing hides in it. */
export function isVisibleName(name: string): boolean {
  useful ??= usefulSigns();
  return (
    isStorable(name) &&
    base.test(name) &&
    !misplacedMark.test(name.normalize('NFD')) &&
    !forbidden.test(name.replace(useful, ''))
  );
}
