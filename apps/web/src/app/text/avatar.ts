/** Colours that the avatar styles know: `data-tone` 0 to 9. */
export const toneCount = 10;

/** The letter or character that stands for a name: the first one as a person would count, upper case. */
export function initialOf(name: string): string {
  const [first] = new Intl.Segmenter().segment(name.trim());
  return first?.segment.toLocaleUpperCase() ?? '?';
}

/** A user's colour: always the same for the same id, different for neighbours. */
export function toneOf(userId: number): number {
  // Knuth's multiplicative hash: ids are handed out in order, colours should not be.
  return Math.floor(((((userId >>> 0) * 2_654_435_761) % 2 ** 32) / 2 ** 32) * toneCount);
}
