import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { webcrypto, X509Certificate, type webcrypto as Web } from 'node:crypto';
import { isIP } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onExit } from './at-exit.js';

/** A certificate and its key, as text in PEM form. */
export interface IssuedPair {
  readonly cert: string;
  readonly key: string;
  /** SHA-256, as a peer certificate has it. */
  readonly fingerprint: string;
}

export interface IssueOptions {
  /** Names and addresses that it is for. @defaultValue `['localhost', '127.0.0.1']` */
  readonly hosts?: readonly string[];
  /** @defaultValue in a day */
  readonly validTo?: Date;
}

/** A certificate authority of a test's own. Its files are removed when the process ends, or by {@link remove}. */
export interface TestAuthority {
  readonly cert: string;
  /** Its certificate. */
  readonly caFile: string;
  /** Where its files are; a test may put others there. */
  readonly dir: string;
  issue(options?: IssueOptions): Promise<IssuedPair>;
  /** Writes a pair to `<name>.crt` and `<name>.key`, each at once; whoever has those files open keeps what was in them. */
  write(name: string, pair: IssuedPair): { readonly certFile: string; readonly keyFile: string };
  remove(): void;
}

const CURVE = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const DAY_MS = 86_400_000;

/** Makes an authority with a key of its own. */
export async function makeAuthority(name = 'Parley tests'): Promise<TestAuthority> {
  // Only some tests need them, and what they bring takes a while to load; the second needs the first.
  await import('reflect-metadata');
  const x509 = await import('@peculiar/x509');
  const newKeys = () => webcrypto.subtle.generateKey(CURVE, true, ['sign', 'verify']);
  const keys = await newKeys();
  const notAfter = new Date(Date.now() + DAY_MS);
  const shared = { notBefore: new Date(Date.now() - DAY_MS), signingAlgorithm: CURVE };
  const issuer = `CN=${name}`;
  const authority = await x509.X509CertificateGenerator.createSelfSigned({
    ...shared,
    name: issuer,
    notAfter,
    keys,
    extensions: [new x509.BasicConstraintsExtension(true, undefined, true)],
  });
  const dir = mkdtempSync(join(tmpdir(), 'parley-tls-'));
  const remove = (): void => rmSync(dir, { recursive: true, force: true });
  const forget = onExit(remove);
  const put = (file: string, text: string, mode: number): string => {
    const path = join(dir, file);
    writeFileSync(`${path}.new`, text, { mode });
    renameSync(`${path}.new`, path);
    return path;
  };
  const cert = authority.toString('pem');
  return {
    cert,
    dir,
    caFile: put('ca.crt', cert, 0o644),
    issue: async ({ hosts = ['localhost', '127.0.0.1'], validTo = notAfter } = {}) => {
      const own = await newKeys();
      const names = hosts.map((value) => ({ type: isIP(value) ? ('ip' as const) : ('dns' as const), value }));
      const issued = await x509.X509CertificateGenerator.create({
        ...shared,
        subject: `CN=${hosts[0]}`,
        issuer,
        notAfter: validTo,
        publicKey: own.publicKey,
        signingKey: keys.privateKey,
        extensions: [new x509.SubjectAlternativeNameExtension(names)],
      });
      const pem = issued.toString('pem');
      return {
        cert: pem,
        key: await keyPem(own.privateKey),
        fingerprint: new X509Certificate(pem).fingerprint256,
      };
    },
    write: (file, pair) => ({
      certFile: put(`${file}.crt`, pair.cert, 0o644),
      keyFile: put(`${file}.key`, pair.key, 0o600),
    }),
    remove: () => {
      forget();
      remove();
    },
  };
}

async function keyPem(key: Web.CryptoKey): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key)).toString('base64');
  return `-----BEGIN PRIVATE KEY-----\n${der.replace(/.{64}/g, '$&\n')}\n-----END PRIVATE KEY-----\n`;
}
