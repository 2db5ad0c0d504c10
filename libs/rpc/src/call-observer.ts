/**
 * Told of every call when it has ended.
 *
 * @param method - The contract's pattern; `unknown` for one that nobody serves.
 * @param outcome - `ok`, or a code of the catalogue.
 */
export type CallObserver = (method: string, seconds: number, outcome: string) => void;
