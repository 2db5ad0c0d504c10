import { ParleyApi } from '@parley/client';
import { serverClock } from './server-clock.js';

/** The server's API, for whoever has this token. Each answer also tells what time it is there. @defaultValue nobody */
export const serverApi = (baseUrl: string, getToken?: () => string): ParleyApi =>
  new ParleyApi({ baseUrl, fetch: clocked, ...(getToken && { getToken }) });

const clocked: typeof fetch = async (input, init) => {
  const askedAtMs = performance.now();
  const response = await fetch(input, init);
  const date = Date.parse(response.headers.get('date') ?? '');
  if (!Number.isNaN(date)) serverClock.answered(date, performance.now() - askedAtMs);
  return response;
};
