import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ParleyApi } from './parley-api.js';

/** A browser's fetch before a server that answers, or does not, and lets this page read, or does not. */
function browserFetch(server: { isThere: boolean; letsIn: boolean }) {
  const asked: string[] = [];
  const fetch = (async (url: string, { mode = 'cors' }: RequestInit = {}) => {
    asked.push(`${mode} ${new URL(url).pathname}`);
    if (!server.isThere || (mode === 'cors' && !server.letsIn)) throw new TypeError('Failed to fetch');
    return new Response('{"userId":1,"userName":"ana","role":"user"}');
  }) as typeof globalThis.fetch;
  return { asked, fetch };
}
const apiOf = (fetch: typeof globalThis.fetch, baseUrl = 'http://192.168.1.9:7070') =>
  new ParleyApi({ baseUrl, fetch });

afterEach(() => void vi.unstubAllGlobals());

describe('in a page, a call that gets no answer', () => {
  beforeEach(() => void vi.stubGlobal('location', { origin: 'http://192.168.1.9:8080' }));

  it('is ORIGIN_DENIED when the server is there, and keeps its answers from this page', async () => {
    const { asked, fetch } = browserFetch({ isThere: true, letsIn: false });
    const refusal = { status: 0, code: 'ORIGIN_DENIED', retryable: true };
    await expect(apiOf(fetch).me()).rejects.toMatchObject(refusal);
    expect(asked).toEqual([
      'cors /v1/me',
      'no-cors /health/live',
      'cors /health/live',
      'no-cors /health/live',
    ]);
  });

  it('is NETWORK when nobody is there', async () => {
    const { asked, fetch } = browserFetch({ isThere: false, letsIn: true });
    await expect(apiOf(fetch).me()).rejects.toMatchObject({ code: 'NETWORK' });
    expect(asked).toEqual(['cors /v1/me', 'no-cors /health/live']);
  });

  it('is NETWORK when the server has come back meanwhile', async () => {
    const server = { isThere: false, letsIn: true };
    const { fetch } = browserFetch(server);
    const starts: typeof globalThis.fetch = (input, init) => {
      const answer = fetch(input, init);
      server.isThere = true;
      return answer;
    };
    await expect(apiOf(starts).me()).rejects.toMatchObject({ code: 'NETWORK' });
  });

  it('is NETWORK, without a further look, once the server has answered', async () => {
    const server = { isThere: true, letsIn: true };
    const { asked, fetch } = browserFetch(server);
    const api = apiOf(fetch);
    await api.me();
    server.letsIn = false;
    await expect(api.me()).rejects.toMatchObject({ code: 'NETWORK' });
    expect(asked).toEqual(['cors /v1/me', 'cors /v1/me']);
  });

  it('is NETWORK, without a look, when there is no network, and for the page’s own server', async () => {
    const { asked, fetch } = browserFetch({ isThere: true, letsIn: false });
    await expect(apiOf(fetch, 'http://192.168.1.9:8080').me()).rejects.toMatchObject({ code: 'NETWORK' });
    vi.stubGlobal('navigator', { onLine: false });
    await expect(apiOf(fetch).me()).rejects.toMatchObject({ code: 'NETWORK' });
    expect(asked).toEqual(['cors /v1/me', 'cors /v1/me']);
  });
});

it('outside of browsers it is NETWORK: nobody keeps answers there', async () => {
  const { asked, fetch } = browserFetch({ isThere: true, letsIn: false });
  await expect(apiOf(fetch).me()).rejects.toMatchObject({ code: 'NETWORK' });
  expect(asked).toEqual(['cors /v1/me']);
});
