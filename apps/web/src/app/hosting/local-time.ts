/** A moment as an input of type `datetime-local` has it, in the reader's time zone; empty for none. */
export function toLocalInput(ms: number | undefined): string {
  if (ms === undefined) return '';
  const date = new Date(ms);
  const two = (value: number) => String(value).padStart(2, '0');
  const day = `${String(date.getFullYear()).padStart(4, '0')}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day}T${two(date.getHours())}:${two(date.getMinutes())}`;
}

/** @returns Milliseconds since 1970; null for an empty input and for what is no time. */
export function fromLocalInput(value: string): number | null {
  const ms = value === '' ? NaN : new Date(value).getTime();
  return Number.isNaN(ms) || ms < 0 ? null : ms;
}
