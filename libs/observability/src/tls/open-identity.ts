import type { KeyPairFiles } from '@parley/config';
import type { Logger } from 'pino';
import { ServerIdentity } from './server-identity.js';

/**
 * The {@link ServerIdentity} of a process, which logs what becomes of its files.
 *
 * @param files - The setting `tls`; undefined when something else ends TLS, or nothing does.
 * @throws {TlsFileError} when there is nothing to begin with.
 */
export function openIdentity(
  files: KeyPairFiles | undefined,
  logger: Pick<Logger, 'info' | 'warn'>,
): ServerIdentity | undefined {
  if (!files) return undefined;
  const { certFile } = files;
  const say = (what: string, { validToMs, fingerprint }: { validToMs: number; fingerprint: string }) => {
    const facts = { certFile, validTo: new Date(validToMs).toISOString(), fingerprint };
    if (validToMs > Date.now()) logger.info(facts, what);
    else logger.warn(facts, `${what}, and it has expired`);
  };
  const identity = new ServerIdentity(files, {
    onRenewed: (pair) => say('certificate renewed', pair),
    onProblem: ({ message }) =>
      logger.warn({ why: message }, 'certificate not renewed: the one in use stays'),
  });
  say('certificate in use', identity.current);
  return identity;
}
