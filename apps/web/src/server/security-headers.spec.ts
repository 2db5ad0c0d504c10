import { describe, expect, it } from 'vitest';
import type { InlineHashes } from './inline-hashes.js';
import { connectSources, securityHeaders } from './security-headers.js';
import { misleadingSetting, siteConfigBody, type SiteSettings } from './site-config.js';

const derived: SiteSettings = {
  env: 'prod',
  tls: undefined,
  public: {},
  apiPort: 7070,
  wsPorts: [7000, 7002],
  wsPath: '/live',
  demoAccounts: true,
};
const configured: SiteSettings = {
  ...derived,
  public: { apiUrl: 'https://api.example/base', wsUrls: ['wss://a.example/ws', 'wss://b.example:444/ws'] },
};

describe('connectSources', () => {
  it('are the host of the page with the configured ports', () => {
    expect(connectSources(derived, '192.168.1.9:8080')).toEqual([
      "'self'",
      'http://192.168.1.9:7070',
      'ws://192.168.1.9:7000',
      'ws://192.168.1.9:7002',
    ]);
  });

  it('are the configured origins, whatever the host', () => {
    expect(connectSources(configured, 'anything')).toEqual([
      "'self'",
      'https://api.example',
      'wss://a.example',
      'wss://b.example:444',
    ]);
  });

  it.each(['x; script-src *', 'a b', "x' *", 'a\nb', '', undefined, '[::1]:8080', '*', '*.example'])(
    'never repeat a host that is not plain: %j',
    (host) => {
      expect(connectSources(derived, host)).toEqual(["'self'", 'http:', 'ws:']);
    },
  );
});

const page = { host: 'localhost:8080', isSecure: false };
const policyWith = (inline: InlineHashes) =>
  securityHeaders(derived, page, inline)['content-security-policy'] ?? '';

it('allows what the page was built with', () => {
  const policy = policyWith({ scripts: ["'sha256-a'"], styles: ["'sha256-b'", "'sha256-c'"] });
  expect(policy).toContain("script-src 'self' 'sha256-a';");
  expect(policy).toContain("style-src 'self' 'sha256-b' 'sha256-c';");
});

it('allows nothing else inline, nothing from elsewhere and no framing', () => {
  const policy = policyWith({ scripts: [], styles: [] });
  expect(policy).toContain("script-src 'self';");
  expect(policy).toContain("default-src 'none'");
  expect(policy).toContain("frame-ancestors 'none'");
  expect(policy).not.toContain('unsafe');
  expect(policy).not.toContain('*');
});

it('asks for TLS in prod, of who came over it', () => {
  const asked = (env: 'dev' | 'prod', isSecure: boolean) =>
    securityHeaders({ ...derived, env }, { ...page, isSecure }, { scripts: [], styles: [] })[
      'strict-transport-security'
    ];
  expect(asked('prod', true)).toBe('max-age=15552000');
  expect(asked('prod', false)).toBeUndefined();
  expect(asked('dev', true)).toBeUndefined();
});

describe('with a certificate', () => {
  const own: SiteSettings = { ...derived, tls: { certFile: '/a.crt', keyFile: '/a.key' } };

  it('names the others in full, over TLS, and nothing that is not plain', () => {
    expect(siteConfigBody(own, 'chat.example:8080')).toMatchObject({
      apiUrl: 'https://chat.example:7070',
      wsUrls: ['wss://chat.example:7000/live', 'wss://chat.example:7002/live'],
    });
    expect(siteConfigBody(own, '[2001:db8::1]:8080').apiUrl).toBe('https://[2001:db8::1]:7070');
    for (const host of ['x"y', 'a/b', '', undefined])
      expect(siteConfigBody(own, host)).toMatchObject({ apiUrl: null, wsUrls: null });
  });

  it('what is configured wins', () =>
    expect(siteConfigBody({ ...own, public: configured.public }, 'chat.example')).toMatchObject({
      apiUrl: 'https://api.example/base',
      wsUrls: ['wss://a.example/ws', 'wss://b.example:444/ws'],
    }));

  it('lets the page connect over TLS alone', () => {
    expect(connectSources(own, 'chat.example:8080')).toEqual([
      "'self'",
      'https://chat.example:7070',
      'wss://chat.example:7000',
      'wss://chat.example:7002',
    ]);
    expect(connectSources(own, '[::1]:8080')).toEqual(["'self'", 'https:', 'wss:']);
    expect(connectSources(own, 'x; script-src *')).toEqual(["'self'", 'https:', 'wss:']);
  });
});

describe('siteConfigBody', () => {
  it('leaves open what is not configured', () => {
    expect(siteConfigBody(derived, 'chat.example')).toEqual({
      apiUrl: null,
      wsUrls: null,
      apiPort: 7070,
      wsPorts: [7000, 7002],
      wsPath: '/live',
      demo: null,
    });
    expect(siteConfigBody({ ...derived, public: { wsUrls: [] } }, 'chat.example').wsUrls).toBeNull();
  });

  it.each(['localhost:8080', '127.0.0.1', '[::1]:8080'])('offers the demo accounts at %s', (host) => {
    expect(siteConfigBody(derived, host).demo).toEqual({
      userNames: ['demo', 'demo1', 'demo2', 'demo3'],
      password: '111111',
    });
    expect(siteConfigBody({ ...derived, demoAccounts: false }, host).demo).toBeNull();
  });

  it.each(['192.168.1.9:8080', 'localhost.example', 'x y', '', undefined])('offers none at %j', (host) =>
    expect(siteConfigBody(derived, host).demo).toBeNull(),
  );
});

describe('misleadingSetting', () => {
  const pointing = (apiUrl?: string, wsUrls?: string[]) => ({ ...derived, public: { apiUrl, wsUrls } });

  it('names what sends browsers to their own machine, when the site listens on the network', () => {
    expect(misleadingSetting(pointing('http://localhost:7070'), '0.0.0.0')).toBe('PARLEY_PUBLIC_API_URL');
    expect(misleadingSetting(pointing(undefined, ['wss://a.example/ws', 'ws://[::1]:7000/ws']), '::')).toBe(
      'PARLEY_PUBLIC_WS_URLS',
    );
  });

  it('is none otherwise', () => {
    expect(misleadingSetting(pointing('http://localhost:7070'), '127.0.0.1')).toBeUndefined();
    for (const settings of [derived, configured])
      expect(misleadingSetting(settings, '0.0.0.0')).toBeUndefined();
  });
});
