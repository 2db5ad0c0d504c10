import { siteConfigSchema, type SiteConfig } from './endpoints.js';

const timeoutMs = 10_000;

/** Asks the server that delivered this page where the other apps are. @throws when it cannot be reached or understood. */
export async function loadSiteConfig(): Promise<SiteConfig> {
  const response = await fetch('/config.json', { cache: 'no-store', signal: AbortSignal.timeout(timeoutMs) });
  if (!response.ok) throw new Error(`config.json: ${response.status}`);
  return siteConfigSchema.parse(await response.json());
}
