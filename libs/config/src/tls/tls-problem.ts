/** What a certificate is refused for, as Node.js calls it. @see https://nodejs.org/api/tls.html#x509-certificate-error-codes */
const UNTRUSTED = new Set([
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'CERT_SIGNATURE_FAILURE',
  'CERT_UNTRUSTED',
  'CERT_REJECTED',
  'CERT_REVOKED',
  'CERT_CHAIN_TOO_LONG',
  'INVALID_CA',
  'INVALID_PURPOSE',
]);

/**
 * Why a server was refused, or refused us, because of TLS: something that a setting or a certificate mends, and waiting does not.
 *
 * @returns Undefined for every other error, such as a server that is not there.
 */
export function tlsProblem(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return `its certificate is for another name (${message})`;
  if (code === 'CERT_HAS_EXPIRED') return 'its certificate has expired';
  if (code === 'CERT_NOT_YET_VALID') return 'its certificate is not valid yet';
  if (code !== undefined && UNTRUSTED.has(code))
    return `its certificate is not from an authority that is trusted here (${message})`;
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER') return 'it does not speak TLS at this port';
  if (code?.startsWith('ERR_SSL_') || code === 'EPROTO')
    return `no TLS version or cipher in common (${message})`;
  // node-postgres has no code for it.
  if (/server does not support SSL/i.test(message)) return 'it does not speak TLS';
  return undefined;
}
