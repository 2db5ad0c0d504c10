/** Half a surrogate pair, which UTF-8 cannot say, and NUL, which Postgres cannot keep. */
const unstorable = /[\0\p{Surrogate}]/u;

/**
 * Whether a text comes back from UTF-8, Redis and SQL as it went in. What does not is refused: stored as U+FFFD, two
 * different texts would be one.
 */
export function isStorable(text: string): boolean {
  return !unstorable.test(text);
}

/**
 * Blanks that Unicode does not count as white space, for use in a character class: the fillers of Hangul and Khitan,
 * Braille without dots, the null notehead, and the anchors of interlinear annotations.
 */
export const otherBlanks = '\\u115F\\u1160\\u3164\\uFFA0\\u2800\\u{1D159}\\u{16FE4}\\uFFF9-\\uFFFB';

const visible = new RegExp(
  `[^\\p{White_Space}\\p{Default_Ignorable_Code_Point}\\p{Cc}\\p{Noncharacter_Code_Point}${otherBlanks}]`,
  'u',
);

/** Whether a reader sees anything: more than blanks, controls and marks that only change their neighbours. */
export function showsSomething(text: string): boolean {
  return visible.test(text);
}
