import type { ParleyApi } from '@parley/client';

/** Registers a user; waits when log-ins are limited. */
export async function registered(api: ParleyApi, name: string): Promise<{ token: string }> {
  for (;;) {
    try {
      return await api.register(name, 'measure it');
    } catch (error) {
      const { retryable, problem } = error as { retryable?: boolean; problem?: { retryAfterMs?: number } };
      if (!retryable) throw error;
      await new Promise((resolve) => setTimeout(resolve, problem?.retryAfterMs ?? 1_000));
    }
  }
}
