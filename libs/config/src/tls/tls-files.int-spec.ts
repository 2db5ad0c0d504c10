import { makeAuthority, type TestAuthority } from '@parley/testing';
import { createPrivateKey } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AppName } from '../app-name.js';
import { ConfigError } from '../config-error.js';
import { findRoot } from '../config-files.js';
import { loadConfig } from '../load-config.js';
import { readAuthorities } from './authorities.js';

const root = findRoot(import.meta.dirname) ?? '';
let authority: TestAuthority;
let files: { certFile: string; keyFile: string };
const put = (name: string, text: string): string => {
  const path = join(authority.dir, name);
  writeFileSync(path, text);
  return path;
};
beforeAll(async () => {
  authority = await makeAuthority();
  files = authority.write('server', await authority.issue());
});
afterAll(() => authority.remove());

function problemsOf(app: AppName, env: NodeJS.ProcessEnv): readonly string[] {
  try {
    loadConfig(app, { env, root });
    return [];
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as ConfigError).problems;
  }
}
const withTls = (certFile: string, keyFile: string) => ({
  PARLEY_TLS_CERT_FILE: certFile,
  PARLEY_TLS_KEY_FILE: keyFile,
});

describe('a certificate and its key', () => {
  it.each(['web', 'gateway-api', 'connect-gateway'] as const)('are a setting of %s', (app) => {
    const config = loadConfig(app, { env: withTls(files.certFile, files.keyFile), root });
    expect(config.tls).toEqual(files);
    expect(loadConfig(app, { env: {}, root }).tls).toBeUndefined();
  });

  it('are looked for from the root', () => {
    const relativeTo = (file: string) => relative(root, file);
    const env = withTls(relativeTo(files.certFile), relativeTo(files.keyFile));
    expect(loadConfig('web', { env, root }).tls).toEqual(files);
  });

  it('go together', () => {
    expect(problemsOf('web', { PARLEY_TLS_CERT_FILE: files.certFile })).toEqual([
      'tls.keyFile (PARLEY_TLS_KEY_FILE) is required where there is a certificate',
    ]);
    expect(problemsOf('web', { PARLEY_TLS_KEY_FILE: files.keyFile })).toEqual([
      'tls.certFile (PARLEY_TLS_CERT_FILE) is required where there is a key',
    ]);
  });

  it('are refused by name when they cannot be used, and nothing of them is said', async () => {
    const other = authority.write('other', await authority.issue());
    const locked = createPrivateKey((await authority.issue()).key).export({
      type: 'pkcs8',
      format: 'pem',
      cipher: 'aes-256-cbc',
      passphrase: 'hush',
    });
    const { certFile, keyFile } = files;
    const said = (cert: string, key: string) => problemsOf('gateway-api', withTls(cert, key)).join('\n');
    expect(said('/not/there', keyFile)).toBe('PARLEY_TLS_CERT_FILE names a file that is not there');
    expect(said(authority.dir, keyFile)).toBe(
      'PARLEY_TLS_CERT_FILE names a file that cannot be read (EISDIR)',
    );
    expect(said(keyFile, keyFile)).toBe(
      'PARLEY_TLS_CERT_FILE names a file that holds no certificate in PEM form',
    );
    expect(said(certFile, put('locked', String(locked)))).toBe(
      'PARLEY_TLS_KEY_FILE names a file that holds a key with a passphrase: take it off',
    );
    expect(said(certFile, put('text', 'hush'))).toBe(
      'PARLEY_TLS_KEY_FILE names a file that holds no private key in PEM form',
    );
    expect(said(certFile, other.keyFile)).toMatch(
      /^PARLEY_TLS_KEY_FILE names a file that is not the key of the certificate in .*server\.crt$/,
    );
  });
});

describe('authorities', () => {
  const redis = (url: string, caFile: string) =>
    problemsOf('task-worker', { PARLEY_REDIS_URL: url, PARLEY_REDIS_CA_FILE: caFile });
  const sql = (url: string, caFile: string) =>
    problemsOf('logic', { PARLEY_DATABASE_URL: url, PARLEY_DATABASE_CA_FILE: caFile });

  it('are several while one is replaced by another', async () => {
    const next = await makeAuthority('next');
    const both = put('both', `${authority.cert}\n${next.cert}\n`);
    expect(readAuthorities(both)).toEqual([authority.cert, next.cert].map((pem) => pem.trim()));
    next.remove();
  });

  it('go with an address that asks for TLS', () => {
    expect(redis('rediss://h', authority.caFile)).toEqual([]);
    expect(redis('redis://h', authority.caFile)).toEqual([
      expect.stringMatching(/^PARLEY_REDIS_CA_FILE is of no use/),
    ]);
    expect(sql('postgres://h/d?sslmode=verify-full', authority.caFile)).toEqual([]);
    expect(sql('sqlite:/tmp/x', authority.caFile)).toEqual([
      expect.stringMatching(/^PARLEY_DATABASE_CA_FILE is of no use/),
    ]);
    expect(sql('postgres://h/d?sslmode=disable', authority.caFile)).toEqual([
      expect.stringContaining('say the opposite'),
    ]);
  });

  it('are refused by name when there are none', () => {
    const why = 'names a file that holds no certificate in PEM form';
    expect(redis('rediss://h', files.keyFile)).toEqual([`PARLEY_REDIS_CA_FILE ${why}`]);
    expect(sql('postgres://h/d', files.keyFile)).toEqual([`PARLEY_DATABASE_CA_FILE ${why}`]);
    expect(redis('rediss://h', '/not/there')).toEqual([
      'PARLEY_REDIS_CA_FILE names a file that is not there',
    ]);
  });
});
