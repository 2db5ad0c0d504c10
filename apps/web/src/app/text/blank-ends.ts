/** A text without empty lines at its beginning, and without blanks at its end. Spaces before its first word stay: they may be code. */
export const withoutBlankEnds = (text: string): string => text.replace(/^(?:[^\S\n]*\n)+/, '').trimEnd();
