/** The key of a name before `nameKey`. Accounts whose new key another account has got are found under it still. */
export const legacyNameKey = (name: string) => name.normalize('NFKC').toLowerCase().trim();
