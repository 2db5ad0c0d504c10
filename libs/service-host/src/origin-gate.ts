import { isOriginAllowed, whyKeptOut, type Origins } from '@parley/config';
import type { NoticeLog } from '@parley/observability';
import type { Logger } from 'pino';

/** A browser sends some 30 characters; a stranger, anything. */
const MAX_LOGGED_CHARS = 200;

/**
 * Which browser pages may call an edge. A page that may not learns nothing from its browser: whoever runs the edge is told,
 * and by which setting it would come in.
 */
export class OriginGate {
  /** @param origins - The setting. */
  constructor(
    private readonly origins: Origins,
    private readonly notice: NoticeLog,
  ) {}

  /** Says at the start who is kept out by the settings alone. @param host - Where the process listens. */
  warnAtStart(logger: Pick<Logger, 'warn'>, host: string): void {
    const why = whyKeptOut(this.origins, host);
    if (why !== undefined) logger.warn({ host, why, setting: 'PARLEY_ORIGINS' }, 'people are kept out');
  }

  /**
   * Whether a page of `origin` may call; a refusal is written down.
   *
   * @param host - The `Host` header: a page of this very host is not kept out by CORS, and is no news.
   */
  allows(origin: string, host?: string): boolean {
    if (isOriginAllowed(this.origins, origin)) return true;
    if (!isSameHost(origin, host)) {
      const shown = origin.slice(0, MAX_LOGGED_CHARS);
      this.notice('origin refused', shown, { origin: shown, setting: 'PARLEY_ORIGINS' });
    }
    return false;
  }
}

/** The scheme is not compared: behind a proxy that ends TLS it is not known here. */
function isSameHost(origin: string, host: string | undefined): boolean {
  return host !== undefined && URL.canParse(origin) && new URL(origin).host === host.toLowerCase();
}
