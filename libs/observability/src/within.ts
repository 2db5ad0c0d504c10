/**
 * Waits for `work`, but not longer than `timeoutMs`. What is late goes on by itself, and its failure is swallowed:
 * an unhandled rejection would end the process.
 *
 * @returns `done`, or `late`
 * @throws what `work` throws in time
 */
export async function within(work: Promise<unknown>, timeoutMs: number): Promise<'done' | 'late'> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'late'>((resolve) => (timer = setTimeout(resolve, timeoutMs, 'late')));
  work.catch(() => undefined);
  try {
    return await Promise.race([work.then(() => 'done' as const), late]);
  } finally {
    clearTimeout(timer);
  }
}
