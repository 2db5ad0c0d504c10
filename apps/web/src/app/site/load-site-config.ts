import { ApiError } from '@parley/client';
import { siteConfigSchema, type SiteConfig } from './endpoints.js';

const timeoutMs = 10_000;

/**
 * Asks the server that delivered this page where the other apps are.
 *
 * @throws {ApiError} `NETWORK` or `BAD_RESPONSE`; always retryable, for without it there is no page.
 */
export async function loadSiteConfig(): Promise<SiteConfig> {
  let response: Response;
  try {
    // As index.html preloads it: asked for otherwise it would be asked for twice. The answer says `no-store`.
    response = await fetch('/config.json', { signal: AbortSignal.timeout(timeoutMs) });
  } catch (cause) {
    throw new ApiError(0, 'NETWORK', true, undefined, { cause });
  }
  try {
    if (response.ok) return siteConfigSchema.parse(await response.json());
  } catch {
    // What a captive portal or a proxy answers: below.
  }
  throw new ApiError(response.status, 'BAD_RESPONSE', true);
}
