import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { TlsFileError, unreadable } from './tls-file-error.js';

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** The certificates of a text in PEM form, one each. */
export const certificatesOf = (pem: string): string[] => pem.match(CERTIFICATE) ?? [];

/**
 * The certificate authorities of a file in PEM form: those that a server's certificate has to come from, the system's own
 * not among them. While one is replaced by another, both are in the file.
 *
 * @throws {TlsFileError} when there is none, or one that cannot be read.
 */
export function readAuthorities(file: string): string[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw unreadable(file, error);
  }
  const found = certificatesOf(text);
  if (found.length === 0) throw new TlsFileError(file, 'holds no certificate in PEM form');
  for (const certificate of found) {
    try {
      new X509Certificate(certificate);
    } catch {
      throw new TlsFileError(file, 'holds a certificate that cannot be read');
    }
  }
  return found;
}
