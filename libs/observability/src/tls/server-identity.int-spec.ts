import { eventually, makeAuthority, type IssuedPair, type TestAuthority } from '@parley/testing';
import { once } from 'node:events';
import { mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { connect, createServer, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { ServerIdentity } from './server-identity.js';

let authority: TestAuthority;
let first: IssuedPair;
let second: IssuedPair;
beforeAll(async () => {
  authority = await makeAuthority();
  [first, second] = await Promise.all([authority.issue(), authority.issue()]);
});
afterAll(() => authority.remove());

let names = 0;

/** A server that answers what it is told, with the certificate of those files. */
async function serve(files = authority.write(`server-${++names}`, first)) {
  const renewed: string[] = [];
  const problems: string[] = [];
  const identity = new ServerIdentity(files, {
    onRenewed: ({ fingerprint }) => renewed.push(fingerprint),
    onProblem: ({ message }) => problems.push(message),
    lookIntervalMs: 20,
  });
  const server = createServer(identity.options, (socket) => socket.on('error', () => undefined).pipe(socket));
  identity.renewOn(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const open: TLSSocket[] = [];
  onTestFinished(() => {
    identity.stop();
    for (const socket of open) socket.destroy();
    server.close();
  });
  const dial = async (options: ConnectionOptions = {}): Promise<TLSSocket> => {
    const socket = connect({ port, host: '127.0.0.1', ca: authority.cert, ...options });
    open.push(socket);
    await once(socket, 'secureConnect');
    return socket;
  };
  const shown = async () => (await dial()).getPeerCertificate().fingerprint256;
  return { ...files, identity, renewed, problems, dial, shown };
}

async function echo(socket: TLSSocket, text: string): Promise<string> {
  socket.write(text);
  const [answer] = (await once(socket, 'data')) as [Buffer];
  return answer.toString();
}

describe('the certificate of a server', () => {
  it('is taken anew when its files are replaced; who is connected stays', async () => {
    const { dial, shown, renewed, problems, certFile } = await serve();
    const early = await dial();
    expect(await shown()).toBe(first.fingerprint);
    authority.write(certFile.replace(/^.*\/(.*)\.crt$/, '$1'), second);
    await eventually(() => expect(renewed).toEqual([second.fingerprint]));
    expect(await shown()).toBe(second.fingerprint);
    expect(await echo(early, 'still here')).toBe('still here');
    expect(problems).toEqual([]);
  });

  it('is taken anew when it is written in place', async () => {
    const { shown, certFile, keyFile } = await serve();
    writeFileSync(certFile, second.cert);
    writeFileSync(keyFile, second.key);
    await eventually(async () => expect(await shown()).toBe(second.fingerprint));
  });

  // As Kubernetes mounts a secret: the files are links through a link to a folder, and that link is replaced.
  it('is taken anew when a symbolic link above it is turned', async () => {
    const dir = join(authority.dir, 'mounted');
    const put = (folder: string, pair: IssuedPair) => {
      mkdirSync(join(dir, folder), { recursive: true });
      writeFileSync(join(dir, folder, 'tls.crt'), pair.cert);
      writeFileSync(join(dir, folder, 'tls.key'), pair.key);
    };
    put('..1', first);
    symlinkSync('..1', join(dir, '..data'));
    for (const file of ['tls.crt', 'tls.key']) symlinkSync(join('..data', file), join(dir, file));
    const { shown } = await serve({ certFile: join(dir, 'tls.crt'), keyFile: join(dir, 'tls.key') });
    expect(await shown()).toBe(first.fingerprint);
    put('..2', second);
    symlinkSync('..2', join(dir, '..data_tmp'));
    renameSync(join(dir, '..data_tmp'), join(dir, '..data'));
    await eventually(async () => expect(await shown()).toBe(second.fingerprint));
  });

  it.each<[string, (files: { certFile: string; keyFile: string }) => void, RegExp]>([
    [
      'half a certificate',
      ({ certFile }) => writeFileSync(certFile, second.cert.slice(0, 300)),
      /\.crt holds no certificate/,
    ],
    [
      'nonsense in the form of one',
      ({ certFile }) => writeFileSync(certFile, second.cert.replace(/M/g, 'x')),
      /\.crt holds a certificate that cannot be read/,
    ],
    [
      "another one's key",
      ({ keyFile }) => writeFileSync(keyFile, second.key),
      /\.key is not the key of the certificate in .*\.crt$/,
    ],
    ['no key', ({ keyFile }) => writeFileSync(keyFile, 'hush'), /\.key holds no private key/],
    ['a file that has gone', ({ keyFile }) => renameSync(keyFile, `${keyFile}.gone`), /\.key is not there$/],
  ])(
    'stays when what comes is %s, which is told once; the next good one is taken',
    async (_, spoil, problem) => {
      const { shown, problems, renewed, certFile, keyFile } = await serve();
      spoil({ certFile, keyFile });
      await eventually(() => expect(problems).toEqual([expect.stringMatching(problem)]));
      expect(await shown()).toBe(first.fingerprint);
      expect(problems.join()).not.toContain('hush');
      authority.write(certFile.replace(/^.*\/(.*)\.crt$/, '$1'), second);
      await eventually(() => expect(renewed).toEqual([second.fingerprint]));
      expect(problems).toHaveLength(1);
    },
  );

  it('has to be there at the start', () => {
    const files = authority.write('mixed', { ...first, key: second.key });
    expect(() => new ServerIdentity(files)).toThrow('mixed.key is not the key of the certificate in');
    expect(() => new ServerIdentity({ ...files, certFile: '/not/there' })).toThrow('/not/there is not there');
  });
});

describe('what is spoken', () => {
  it.each(['TLSv1.2', 'TLSv1.3'] as const)('is %s', async (version) => {
    const socket = await (await serve()).dial({ minVersion: version, maxVersion: version });
    expect(socket.getProtocol()).toBe(version);
  });

  it('is nothing older, and nothing without forward secrecy', async () => {
    const { dial } = await serve();
    await expect(
      dial({ minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL@SECLEVEL=0' }),
    ).rejects.toThrow();
    await expect(
      dial({ maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-SHA:AES128-GCM-SHA256' }),
    ).rejects.toThrow();
  });
});
