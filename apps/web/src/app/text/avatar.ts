/** Colours that the avatar styles know: `data-tone` 0 to 9. */
export const toneCount = 10;

/** Making one costs more than a frame has. Firefox has none before 125. */
// eslint-disable-next-line no-restricted-syntax -- asked for first
const characters = 'Segmenter' in Intl ? new Intl.Segmenter() : undefined;
/** A character with its marks, and what is joined to it: nearly the same, without flags. */
const character = /^.[\p{M}\p{Emoji_Modifier}]*(?:\u200d.[\p{M}\p{Emoji_Modifier}]*)*/su;

/** The letter or character that stands for a name: the first one as a person would count, upper case. */
export function initialOf(name: string): string {
  const trimmed = name.trim();
  if (trimmed === '') return '?';
  const first = characters
    ? characters.segment(trimmed).containing(0)?.segment
    : character.exec(trimmed)?.[0];
  return first?.toLocaleUpperCase() ?? '?';
}

/** One letter or digit of a script whose letters are all about as wide as they are high. */
const roundLetter =
  /^[\p{Script=Latin}\p{Script=Greek}\p{Script=Cyrillic}\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Nd}?]$/u;

/** Whether an initial may be larger than its circle: with marks upon it, of several parts, or of a script with very wide letters. */
export const isLarge = (initial: string): boolean => !roundLetter.test(initial);

/** A user's colour: always the same for the same id, different for neighbours. */
export function toneOf(userId: number): number {
  // Knuth's multiplicative hash: ids are handed out in order, colours should not be.
  return Math.floor(((((userId >>> 0) * 2_654_435_761) % 2 ** 32) / 2 ** 32) * toneCount);
}
