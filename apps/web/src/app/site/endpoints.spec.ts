import { describe, expect, it } from 'vitest';
import { resolveEndpoints, siteConfigSchema, type SiteConfig } from './endpoints.js';

const derived: SiteConfig = {
  apiUrl: null,
  wsUrls: null,
  apiPort: 7070,
  wsPorts: [7000, 7002],
  wsPath: '/live',
};

it('takes /ws from a server that does not say a path', () => {
  const { wsPath: _, ...older } = derived;
  expect(siteConfigSchema.parse(older).wsPath).toBe('/ws');
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
