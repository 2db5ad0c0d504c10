import net from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { restartDelayMs } from '../lib/backoff.mjs';
import { installFailure, installStamp, lockMatches } from '../lib/dependencies.mjs';
import { localParley } from '../lib/local-parley.mjs';
import { nextFreePort, readPorts, refuseTakenPorts } from '../lib/ports.mjs';
import { parseRedisUrl } from '../lib/redis/redis-url.mjs';
import { parseStartOptions } from '../lib/start-options.mjs';
import { isAtLeast } from '../lib/workspace.mjs';

async function listen(): Promise<number> {
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return (server.address() as net.AddressInfo).port;
}

describe('start options', () => {
  it('has quiet defaults', () => {
    expect(parseStartOptions([])).toEqual({
      replicas: 1,
      lan: false,
      json: false,
      verbose: false,
      help: false,
    });
    expect(parseStartOptions(['--replicas', '2', '--json'])).toMatchObject({ replicas: 2, json: true });
    expect(parseStartOptions(['--lan'])).toMatchObject({ lan: true, replicas: 1 });
  });

  it.each([
    ['--replica', '2'],
    ['--replicas', '0'],
    ['--replicas', 'x'],
    ['--replicas', '17'],
    ['--replicas'],
    ['extra'],
  ])('refuses %s %s', (...args) => {
    expect(() => parseStartOptions(args.filter((arg) => arg !== undefined))).toThrow(/npm start -- --help/);
  });
});

describe('an option that is mistyped', () => {
  it.each([
    ['--lam', '--lan'],
    ['--replica=2', '--replicas'],
    ['--verbos', '--verbose'],
    ['--josn', '--json'],
  ])('%s was meant to be %s', (typed, meant) => {
    expect(() => parseStartOptions([typed])).toThrow(new RegExp(`Did you mean ${meant}\\?\nSee: npm start`));
  });

  it('is not guessed when nothing is near', () => {
    expect(() => parseStartOptions(['--wombat'])).toThrow(/^(?!.*Did you mean)/s);
  });
});

describe('where Parley is on this machine', () => {
  it('is where npm start puts it', () => {
    expect(localParley({})).toEqual({
      tls: false,
      api: 'http://127.0.0.1:7070',
      ws: 'ws://127.0.0.1:7000/ws',
      tcpHost: '127.0.0.1',
      tcpPort: 7001,
    });
    const moved = {
      PARLEY_API_PORT: '1',
      PARLEY_WS_PORT: '2',
      PARLEY_WS_PATH: '/live',
      PARLEY_TCP_PORT: 'off',
    };
    expect(localParley({ ...moved, PARLEY_HOST: 'fd00::2' })).toEqual({
      api: 'http://[fd00::2]:1',
      ws: 'ws://[fd00::2]:2/live',
      tcpHost: 'fd00::2',
      tcpPort: undefined,
      tls: false,
    });
    expect(localParley({ PARLEY_HOST: '0.0.0.0' }).api).toBe('http://127.0.0.1:7070');
    expect(localParley({ PARLEY_TLS_CERT_FILE: 'a.crt', PARLEY_HOST: 'localhost' })).toMatchObject({
      api: 'https://localhost:7070',
      ws: 'wss://localhost:7000/ws',
      tls: true,
    });
    expect(() => localParley({ PARLEY_API_PORT: 'x' })).toThrow('PARLEY_API_PORT');
  });
});

describe('ports', () => {
  it('reads the defaults and what the user set', () => {
    expect(readPorts({ PARLEY_WS_PORT: '9000' })).toEqual({
      PARLEY_WEB_PORT: 8080,
      PARLEY_API_PORT: 7070,
      PARLEY_WS_PORT: 9000,
      PARLEY_TCP_PORT: 7001,
    });
  });

  it('leaves out the port of TCP when it is off', () => {
    expect(readPorts({ PARLEY_TCP_PORT: 'off' })).not.toHaveProperty('PARLEY_TCP_PORT');
    expect(() => readPorts({ PARLEY_WS_PORT: 'off' })).toThrow('PARLEY_WS_PORT');
  });

  it('names every mistake at once', () => {
    expect(() => readPorts({ PARLEY_API_PORT: '99999', PARLEY_WEB_PORT: '7000' })).toThrow(
      /PARLEY_API_PORT must be .*\n?.*PARLEY_WS_PORT and PARLEY_WEB_PORT are both 7000/s,
    );
    expect(() => readPorts({ PARLEY_WS_PORT: '0', PARLEY_TCP_PORT: '0' })).not.toThrow();
  });

  it('says which app, which port, and how to move it', async () => {
    const taken = await listen();
    const ports = { PARLEY_WEB_PORT: 0, PARLEY_API_PORT: taken, PARLEY_WS_PORT: 0, PARLEY_TCP_PORT: 0 };
    await expect(refuseTakenPorts(ports, '127.0.0.1')).rejects.toThrow(
      new RegExp(`Port ${taken} \\(gateway-api, HTTP API\\) is taken.*\\n.*PARLEY_API_PORT=`),
    );
  });

  it('steps over taken and promised ports', async () => {
    const taken = await listen();
    const found = await nextFreePort(taken, '127.0.0.1', new Set([taken + 1]));
    expect(found).toBeGreaterThan(taken + 1);
  });
});

describe('restart back-off', () => {
  it('doubles from 250 ms to 10 s', () => {
    expect([0, 1, 2, 5, 6, 1000].map(restartDelayMs)).toEqual([250, 500, 1000, 8000, 10_000, 10_000]);
  });
});

describe('versions', () => {
  it('compares by number, not by text', () => {
    expect(isAtLeast('v20.19.0', '20.19')).toBe(true);
    expect(isAtLeast('20.9.1', '20.19')).toBe(false);
    expect(isAtLeast('7.0.15', '6.2.0')).toBe(true);
    expect(isAtLeast('6.2', '6.2.0')).toBe(true);
  });
});

describe('redis url', () => {
  it('reads host, port, TLS and credentials', () => {
    expect(parseRedisUrl('rediss://me:p%40ss@[::1]:1234/3', 'REDIS_URL')).toEqual({
      host: '::1',
      port: 1234,
      tls: true,
      username: 'me',
      password: 'p@ss',
    });
  });

  it.each(['geheim', 'http://:geheim@host', ''])('refuses %j without repeating it', (url) => {
    expect(() => parseRedisUrl(url, 'REDIS_URL')).toThrow(/^REDIS_URL must look like (?!.*geheim)/);
  });
});

describe('dependencies', () => {
  const lock = {
    '': {},
    'libs/a': { version: '0.1.0' },
    'node_modules/@x/a': { resolved: 'libs/a', link: true },
    'node_modules/b': { version: '1.0.0' },
    'node_modules/c-darwin': { version: '1.0.0', optional: true },
  };
  const { 'node_modules/c-darwin': _optional, '': _root, ...installed } = lock;

  it('accepts an install by hand of the same versions, without the optional packages of other systems', () => {
    expect(lockMatches(lock, installed)).toBe(true);
  });

  it('notices another version, a missing and a surplus package', () => {
    expect(lockMatches(lock, { ...installed, 'node_modules/b': { version: '1.0.1' } })).toBe(false);
    const { 'node_modules/b': _b, ...without } = installed;
    expect(lockMatches(lock, without)).toBe(false);
    expect(lockMatches(lock, { ...installed, 'node_modules/z': { version: '1.0.0' } })).toBe(false);
  });

  it('changes its stamp with the lockfile', () => {
    expect(installStamp(Buffer.from('a'))).not.toBe(installStamp(Buffer.from('b')));
  });

  it('names exactly the missing build tools', () => {
    const text = installFailure(
      'npm error gyp ERR! find Python',
      '/x/.data/install.log',
      (tool) => tool === 'make',
    );
    expect(text).toMatch(/lacks: python3, g\+\+\./);
    expect(text).toContain('apt-get install -y python3 make g++');
    expect(installFailure('npm error ENOTFOUND', '/x/install.log', () => true)).toMatch(
      /could not be reached/,
    );
  });
});
