import { networkInterfaces } from 'node:os';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Stack } from '../stack.js';
import { Pages, say, shows, eventually } from './pages.js';
import { strangeHost } from './shared-browser.js';

/** Addresses of this machine that are no loopback; a machine without a network has none. */
const hosts = Object.values(networkInterfaces())
  .flatMap((entries) => entries ?? [])
  .filter(({ internal, address }) => !internal && !/^fe[89ab]/i.test(address))
  .map(({ family, address }) => (family === 'IPv6' ? `[${address}]` : address));

/** What `npm start -- --lan` tells every app. */
export const lanEnv = {
  PARLEY_HOST: hosts.some((host) => host.startsWith('[')) ? '::' : '0.0.0.0',
  PARLEY_ORIGINS: 'lan',
};

/** The site on another address than this machine's own: no secure context, other origins. */
export const lan = (running: () => Stack) =>
  describe('on the network', () => {
    let pages: Pages;
    beforeAll(async () => {
      pages = await Pages.launch(running());
    });
    afterAll(() => pages?.close());

    it.runIf(hosts.length > 0)('people at any address of this machine talk, over both gateways', async () => {
      const [ana, ben] = await Promise.all([
        pages.login('demo', { host: hosts[0]!, gateway: 0 }),
        pages.login('demo1', { host: hosts.at(-1)!, gateway: 1 }),
      ]);
      // What browsers keep from pages without TLS must not be missed anywhere.
      expect(await ana.evaluate('window.isSecureContext')).toBe(false);
      await say(ana, 'hello from the network');
      await shows(ben, 'hello from the network');
      await say(ben, 'hello back');
      await shows(ana, 'hello back');
      await ana.reload();
      await shows(ana, 'hello back');
      expect(pages.problems).toEqual([]);
      await Promise.all([ana.context().close(), ben.context().close()]);
    });

    it.each([
      ['en-US', /does not let in pages from this address.*PARLEY_ORIGINS/],
      ['zh-CN', /不接受来自此地址的页面.*PARLEY_ORIGINS/],
    ])('a page that may not call says so (%s), and so does the log', async (locale, text) => {
      const page = await pages.open({ host: strangeHost, locale });
      await page.getByTestId('login-name').fill('demo');
      await page.getByTestId('login-password').fill('111111');
      await page.getByTestId('login-submit').click();
      await page.getByTestId('error').filter({ hasText: text }).waitFor();
      const refused = new RegExp(
        `"origin":"http://${strangeHost}:\\d+","setting":"PARLEY_ORIGINS".*"msg":"origin refused"`,
      );
      await eventually(() => expect(running().logs()).toMatch(refused));
      await page.context().close();
    });
  });
