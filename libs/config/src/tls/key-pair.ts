import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import { certificatesOf } from './authorities.js';
import { TlsFileError, unreadable } from './tls-file-error.js';

/** Where a server's certificate, with those between it and the authority behind it, and its private key are; PEM. */
export interface KeyPairFiles {
  readonly certFile: string;
  readonly keyFile: string;
}

/** What is in the files, as text. */
export interface KeyPairText {
  readonly cert: string;
  readonly key: string;
}

/** A certificate and its private key that can be served with. */
export interface KeyPair extends KeyPairText {
  /** Until when clients take it, milliseconds since 1970. */
  readonly validToMs: number;
  /** SHA-256 of the certificate, as browsers show it. */
  readonly fingerprint: string;
}

/** Reads both files. @throws {TlsFileError} for the first that cannot be read, or used. */
export function readKeyPair(files: KeyPairFiles): KeyPair {
  const read = (file: string): string => {
    try {
      return readFileSync(file, 'utf8');
    } catch (error) {
      throw unreadable(file, error);
    }
  };
  return checkKeyPair(files, { cert: read(files.certFile), key: read(files.keyFile) });
}

/** The text of both files, without holding the process up. @throws {TlsFileError} for one that cannot be read. */
export async function readKeyPairText({ certFile, keyFile }: KeyPairFiles): Promise<KeyPairText> {
  const read = (file: string) =>
    readFile(file, 'utf8').catch((error: unknown) => {
      throw unreadable(file, error);
    });
  const [cert, key] = await Promise.all([read(certFile), read(keyFile)]);
  return { cert, key };
}

/** @throws {TlsFileError} for what cannot be served with: half a file, a certificate and another one's key. */
export function checkKeyPair({ certFile, keyFile }: KeyPairFiles, text: KeyPairText): KeyPair {
  const certificate = certificateOf(certFile, text.cert);
  if (!certificate.checkPrivateKey(privateKeyOf(keyFile, text.key)))
    throw new TlsFileError(keyFile, `is not the key of the certificate in ${certFile}`);
  try {
    createSecureContext(text);
  } catch (error) {
    // OpenSSL's own words quote nothing; its code is enough to look up.
    throw new TlsFileError(certFile, `cannot be used (${String((error as NodeJS.ErrnoException).code)})`);
  }
  return {
    ...text,
    validToMs: Date.parse(certificate.validTo),
    fingerprint: certificate.fingerprint256,
  };
}

function certificateOf(file: string, pem: string): X509Certificate {
  const [first] = certificatesOf(pem);
  if (first === undefined) throw new TlsFileError(file, 'holds no certificate in PEM form');
  try {
    return new X509Certificate(first);
  } catch {
    throw new TlsFileError(file, 'holds a certificate that cannot be read');
  }
}

function privateKeyOf(file: string, pem: string): KeyObject {
  // In the label, or in the header of the older form.
  if (/\bENCRYPTED\b/.test(pem)) throw new TlsFileError(file, 'holds a key with a passphrase: take it off');
  try {
    return createPrivateKey(pem);
  } catch {
    throw new TlsFileError(file, 'holds no private key in PEM form');
  }
}
