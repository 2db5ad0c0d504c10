/** More marks on one letter than any script writes. */
const pile = /\p{M}{4}/u;

/** Whether marks are piled upon a letter, so that they would lie over what others wrote. */
export const isPiled = (text: string): boolean => pile.test(text);
