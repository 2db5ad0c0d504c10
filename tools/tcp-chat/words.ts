import { ApiError, ClientError } from '@parley/client';

/** Others' text must not move the cursor or recolour the screen. */
export function printable(text: string): string {
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '\ufffd');
}

/** What went wrong, as it is told to people. */
export function inWords(error: unknown): string {
  if (error instanceof ApiError || error instanceof ClientError) return error.message;
  return error instanceof Error ? error.message : String(error);
}
