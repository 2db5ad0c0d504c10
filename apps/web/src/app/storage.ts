/** Storage that never throws: private windows and strict settings refuse it, and the site must still work. */
export function readStored(key: string, storage: () => Storage = () => window.localStorage): string | null {
  try {
    return storage().getItem(key);
  } catch {
    return null;
  }
}

/** Keeps a value; `null` forgets it. A refusal (blocked, full) is silent: the value then lives as long as the page. */
export function writeStored(
  key: string,
  value: string | null,
  storage: () => Storage = () => window.localStorage,
): void {
  try {
    if (value === null) storage().removeItem(key);
    else storage().setItem(key, value);
  } catch {
    // See above.
  }
}
