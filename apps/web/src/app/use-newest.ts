import { useState } from 'react';

/** Asked as a question is sent. @returns What is asked as its answer comes: whether it is to be shown. */
export type Newest = () => () => boolean;

/** Tells whether an answer is newer than what is shown. */
export function newestOf(): Newest {
  let asked = 0;
  let shown = 0;
  return () => {
    const mine = ++asked;
    return () => {
      if (mine < shown) return false;
      shown = mine;
      return true;
    };
  };
}

/**
 * For what is asked again and again: each answer is shown unless a newer one was. Those that are slower than the questions are
 * shown, too.
 */
export const useNewest = (): Newest => useState(newestOf)[0];
