import { describe, expect, it } from 'vitest';
import { isGuess, refusedAddress, resolveEndpoints, siteConfigSchema, type SiteConfig } from './endpoints.js';

const derived: SiteConfig = {
  apiUrl: null,
  wsUrls: null,
  apiPort: 7070,
  wsPorts: [7000, 7002],
  wsPath: '/live',
  demo: null,
};

it('takes /ws, and no demo accounts, from a server that does not say', () => {
  const { wsPath: _, demo: _none, ...older } = derived;
  expect(siteConfigSchema.parse(older)).toEqual({ ...derived, wsPath: '/ws' });
});

it('guesses only for a page over TLS that is told nothing', () => {
  expect(isGuess(derived, { protocol: 'https:' })).toBe(true);
  expect(isGuess(derived, { protocol: 'http:' })).toBe(false);
  expect(isGuess({ ...derived, apiUrl: 'https://api.example' }, { protocol: 'https:' })).toBe(false);
});

describe('resolveEndpoints', () => {
  it('uses the host of the page with the ports of the config', () => {
    expect(resolveEndpoints(derived, { protocol: 'http:', hostname: '192.168.1.9' })).toEqual({
      apiUrl: 'http://192.168.1.9:7070',
      wsUrls: ['ws://192.168.1.9:7000/live', 'ws://192.168.1.9:7002/live'],
    });
  });

  it('uses TLS for a page that came over TLS', () => {
    const { apiUrl, wsUrls } = resolveEndpoints(derived, { protocol: 'https:', hostname: 'chat.example' });
    expect(apiUrl).toBe('https://chat.example:7070');
    expect(wsUrls[0]).toBe('wss://chat.example:7000/live');
  });

  it('prefers configured addresses', () => {
    const config = { ...derived, apiUrl: 'https://chat.example', wsUrls: ['wss://chat.example/ws'] };
    expect(resolveEndpoints(config, { protocol: 'http:', hostname: 'localhost' })).toEqual({
      apiUrl: 'https://chat.example',
      wsUrls: ['wss://chat.example/ws'],
    });
  });
});

describe('refusedAddress', () => {
  const of = (apiUrl: string, wsUrls: string[], protocol = 'https:') =>
    refusedAddress({ apiUrl, wsUrls }, { protocol });
  const [api, ws] = ['https://chat.example', 'wss://chat.example/ws'];

  it('is what a page over TLS would call without, and the setting behind it', () => {
    expect(of('http://chat.example', [ws])).toEqual({
      address: 'http://chat.example',
      setting: 'PARLEY_PUBLIC_API_URL',
    });
    expect(of(api, [ws, 'ws://chat.example/ws'])).toEqual({
      address: 'ws://chat.example/ws',
      setting: 'PARLEY_PUBLIC_WS_URLS',
    });
  });

  it('is none where all is encrypted, on the device itself, and for a page that is not encrypted', () => {
    expect(of(api, [ws])).toBeUndefined();
    expect(of('http://localhost:7070', ['ws://127.0.0.1:7000/ws', 'ws://[::1]/ws'])).toBeUndefined();
    expect(of('http://chat.example', ['ws://chat.example/ws'], 'http:')).toBeUndefined();
    expect(of('http://localhost.example', [ws])).toBeDefined();
  });
});
