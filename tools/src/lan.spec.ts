import { eventually } from '@parley/testing';
import os, { type NetworkInterfaceInfo } from 'node:os';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { hostInUrl, isLoopback, networkAddresses } from '../lib/addresses.mjs';
import { printBanner, watchAddresses } from '../lib/banner.mjs';
import { lanSettings, reachOf } from '../lib/lan.mjs';

let interfaces: NodeJS.Dict<NetworkInterfaceInfo[]> = {};

beforeEach(() => {
  interfaces = {};
  vi.spyOn(os, 'networkInterfaces').mockImplementation(() => interfaces);
});
afterEach(() => void vi.restoreAllMocks());

const at = (...addresses: string[]) =>
  addresses.map((address) => ({ address, internal: /^(127\.|::1$)/.test(address) }) as NetworkInterfaceInfo);
const hosts = (interfaces: NodeJS.Dict<NetworkInterfaceInfo[]>) =>
  networkAddresses(interfaces).map(({ host }) => host);

describe('the addresses that others can open', () => {
  it('are those of real interfaces, IPv4 first, and those of a tunnel last', () => {
    expect(
      hosts({
        lo: at('127.0.0.1', '::1'),
        docker0: at('172.17.0.1'),
        'br-3f2a': at('172.18.0.1'),
        tailscale0: at('100.101.102.103'),
        wlan0: at('2001:db8::9', 'fe80::9', '192.168.1.9'),
        eth0: at('10.0.0.9'),
      }),
    ).toEqual(['192.168.1.9', '10.0.0.9', '[2001:db8::9]', '100.101.102.103']);
  });

  it('are those of macOS and Windows, too', () => {
    expect(hosts({ en0: at('192.168.1.9'), bridge100: at('192.168.64.1'), utun3: at('10.8.0.2') })).toEqual([
      '192.168.1.9',
      '10.8.0.2',
    ]);
    expect(
      hosts({
        'vEthernet (WSL (Hyper-V firewall))': at('172.29.0.1'),
        'vEthernet (External)': at('192.168.1.9'),
        'Wi-Fi': at('169.254.7.7', '192.168.1.10'),
      }),
    ).toEqual(['192.168.1.9', '192.168.1.10', '169.254.7.7']);
  });

  it('are those of a bridge when there are no others, and none without a network', () => {
    expect(hosts({ lo: at('127.0.0.1'), docker0: at('172.17.0.1') })).toEqual(['172.17.0.1']);
    expect(hosts({ lo: at('127.0.0.1', '::1') })).toEqual([]);
  });
});

describe('where apps listen', () => {
  it.each([
    ['127.0.0.1', 'here'],
    ['127.9.9.9', 'here'],
    ['localhost', 'here'],
    ['::1', 'here'],
    ['0.0.0.0', 'everywhere'],
    ['::', 'everywhere'],
    ['192.168.1.9', 'there'],
    ['chat.example', 'there'],
  ])('%s is %s', (host, reach) => expect(reachOf(host)).toBe(reach));

  it('stands in an address as it has to', () => {
    expect(['fd00::2', '192.168.1.9', 'chat.example'].map(hostInUrl)).toEqual([
      '[fd00::2]',
      '192.168.1.9',
      'chat.example',
    ]);
    expect(['[::1]', 'a.localhost', '10.0.0.1'].map(isLoopback)).toEqual([true, true, false]);
  });
});

describe('--lan', () => {
  it('listens everywhere, or where it is told to, and lets in the network beside those who were let in', async () => {
    const { PARLEY_HOST: everywhere, PARLEY_ORIGINS } = await lanSettings({});
    expect([reachOf(everywhere), PARLEY_ORIGINS]).toEqual(['everywhere', 'lan']);
    const env = { PARLEY_HOST: '192.168.1.9', PARLEY_ORIGINS: 'https://chat.example' };
    expect(await lanSettings(env)).toEqual({
      PARLEY_HOST: '192.168.1.9',
      PARLEY_ORIGINS: 'lan,https://chat.example',
    });
  });

  it('refuses settings that say the opposite, all at once', async () => {
    const env = {
      PARLEY_HOST: '127.0.0.1',
      PARLEY_PUBLIC_API_URL: 'http://localhost:7070',
      PARLEY_PUBLIC_WS_URLS: 'wss://chat.example/ws, ws://[::1]:7000/ws',
    };
    await expect(lanSettings(env)).rejects.toThrow(
      /PARLEY_HOST=.*\n.*PARLEY_PUBLIC_API_URL.*\n.*PARLEY_PUBLIC_WS_URLS/,
    );
  });
});

describe('the banner', () => {
  const app = (name: string, ports: Record<string, number>) => ({ spec: { name } as never, ports });
  const apps = [
    app('web', { http: 8080 }),
    app('gateway-api', { http: 7070 }),
    app('connect-gateway', { ws: 7000 }),
  ];
  const output = () => {
    const lines: string[] = [];
    const out = { line: (text: string) => void lines.push(text), paint: (_: unknown, text: string) => text };
    return { out: out as unknown as Parameters<typeof printBanner>[0], text: () => lines.join('\n') };
  };
  const options = { host: '127.0.0.1', lan: false, hasDemoAccounts: true, elapsedMs: 1 };

  it('names this machine alone while nobody else is let in', async () => {
    interfaces = { eth0: at('192.168.1.9') };
    const { out, text } = output();
    await printBanner(out, apps, options);
    expect(text()).toContain('http://localhost:8080');
    expect(text()).not.toContain('192.168.1.9');
  });

  // It said localhost, where nobody listened.
  it('names the one address that it listens on', async () => {
    const { out, text } = output();
    await printBanner(out, apps, { ...options, host: '192.168.1.9' });
    expect(text()).toContain('http://192.168.1.9:8080');
    expect(text()).toContain('ws://192.168.1.9:7000/ws');
    expect(text()).not.toContain('localhost');
  });

  it('names every address of the network, with a code to scan', async () => {
    interfaces = { eth0: at('192.168.1.9', 'fd00::2') };
    const { out, text } = output();
    await printBanner(out, apps, { ...options, host: '::', lan: true });
    for (const url of ['http://localhost:8080', 'http://192.168.1.9:8080', 'http://[fd00::2]:8080'])
      expect(text()).toContain(url);
    expect(text()).toMatch(/██ ▄▄▄▄▄ █.*█ ▄▄▄▄▄ ██/);
    // IPv6 is not listened on.
    const ipv4 = output();
    await printBanner(ipv4.out, apps, { ...options, host: '0.0.0.0', lan: true });
    expect(ipv4.text()).not.toContain('[fd00::2]');
  });

  it('says https where there is a certificate', async () => {
    interfaces = { eth0: at('192.168.1.9') };
    const { out, text } = output();
    await printBanner(out, apps, { ...options, host: '::', lan: true, tls: true });
    for (const url of [
      'https://localhost:8080',
      'https://localhost:7070/docs',
      'wss://localhost:7000/ws',
      'https://192.168.1.9:8080',
    ])
      expect(text()).toContain(url);
    expect(text()).not.toMatch(/\b(http|ws):|plain HTTP/);
  });

  it('says that there is no network, and prints the address as soon as there is one', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const { out, text } = output();
    await printBanner(out, apps, { ...options, host: '::', lan: true });
    expect(text()).toContain('no network address');
    const stop = watchAddresses(out, { host: '::', port: 8080 });
    vi.advanceTimersByTime(5_000);
    expect(text()).not.toContain('have changed');
    interfaces = { wlan0: at('10.1.1.1') };
    vi.advanceTimersByTime(5_000);
    await eventually(() => expect(text()).toMatch(/have changed(.|\n)*http:\/\/10\.1\.1\.1:8080(.|\n)*█/));
    stop();
    vi.useRealTimers();
  });
});
