import { eventually } from '@parley/testing';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RawTcp } from '../raw-clients.js';
import type { Stack } from '../stack.js';
import { sharedBrowser, stopBrowser } from '../web/shared-browser.js';

/** The web app in a real browser, against two gateways. */
export const webApp = (running: () => Stack) =>
  describe('web app', () => {
    let stack: Stack;
    let browser: Browser;
    const problems: string[] = [];

    beforeAll(async () => {
      stack = running();
      browser = await sharedBrowser();
    });
    afterAll(stopBrowser);

    async function open(options: BrowserContextOptions = {}): Promise<Page> {
      const page = await (
        await browser.newContext({ viewport: { width: 1_200, height: 800 }, locale: 'en-US', ...options })
      ).newPage();
      page.on('pageerror', (error) => problems.push(String(error)));
      // What the content security policy forbids is reported here.
      page.on('console', (message) => {
        if (message.type() === 'error' && /content security policy|refused to/i.test(message.text()))
          problems.push(message.text());
      });
      await page.goto(stack.webUrl);
      return page;
    }
    async function login(name: string, options?: BrowserContextOptions): Promise<Page> {
      const page = await open(options);
      await page.getByTestId('login-name').fill(name);
      await page.getByTestId('login-password').fill('111111');
      await page.getByTestId('login-submit').click();
      await page.getByTestId('composer').waitFor();
      await page.locator('[data-testid=connection-state][data-state=online]').waitFor();
      return page;
    }
    async function say(page: Page, text: string): Promise<void> {
      await page.getByTestId('composer').fill(text);
      await page.getByTestId('composer').press('Enter');
    }
    const shows = (page: Page, text: string) =>
      page.getByTestId('message-text').filter({ hasText: text }).first().waitFor();
    const sees = (page: Page, count: number) =>
      eventually(
        async () => {
          const shown = await page.getByTestId('online-count').allInnerTexts();
          const members = await page.getByTestId('member').allInnerTexts();
          expect(shown.join(), `online are ${members.join(', ')}`).toContain(String(count));
        },
        { timeoutMs: 30_000 },
      );

    it('says in words that a password is wrong', async () => {
      const page = await open();
      await page.getByTestId('login-name').fill('demo');
      await page.getByTestId('login-password').fill('not the one');
      await page.getByTestId('login-submit').click();
      expect((await page.getByTestId('error').first().innerText()).length).toBeGreaterThan(10);
      await page.context().close();
    });

    it('lets two people in two browsers talk, with a third on TCP, and shows who is online', async () => {
      const [alice, bob] = await Promise.all([
        login('demo'),
        login('demo1', { viewport: { width: 390, height: 780 }, hasTouch: true }),
      ]);
      const carol = await RawTcp.connect(stack.gateway(1).tcpPort);
      carol.send({ op: 6, authToken: await stack.login('demo2'), roomId: 1 });
      await carol.waitFor(({ op }) => op === 21);
      await sees(alice, 3);
      await say(alice, 'hello from a browser');
      await shows(bob, 'hello from a browser');
      await carol.waitForText('hello from a browser');
      carol.send({ op: 3, msg: 'hello from TCP' });
      await Promise.all([shows(alice, 'hello from TCP'), shows(bob, 'hello from TCP')]);
      await alice
        .locator('[data-testid=message][data-status=sent]')
        .filter({ hasText: 'hello from a browser' })
        .first()
        .waitFor();
      carol.close();
      await sees(alice, 2);
      await Promise.all([alice.context().close(), bob.context().close()]);
    });

    it('registers somebody new, keeps the session over a reload, and logs out', async () => {
      const page = await open();
      await page.getByTestId('register-link').click();
      const name = `student-${Date.now()}`;
      await page.getByTestId('register-name').fill(name);
      await page.getByTestId('register-password').fill('a long password');
      await page.getByTestId('register-repeat').fill('a long password');
      await page.getByTestId('register-submit').click();
      await page.getByTestId('composer').waitFor();
      await page.reload();
      await page.getByTestId('composer').waitFor();
      await page.getByTestId('logout').first().click();
      await page.getByTestId('login-name').waitFor();
      await page.context().close();
    });

    it('shows the history to whoever opens the room later', async () => {
      const alice = await login('demo');
      await say(alice, 'for the record');
      await shows(alice, 'for the record');
      const later = await login('demo3');
      await shows(later, 'for the record');
      await Promise.all([alice.context().close(), later.context().close()]);
    });

    it('sends to one user alone', async () => {
      const [alice, bob] = await Promise.all([login('demo'), login('demo1')]);
      await alice.locator('[data-testid=member][data-user-id="4"]').first().click();
      await say(alice, 'between us');
      await bob.getByTestId('conversation-link').first().click();
      await shows(bob, 'between us');
      await Promise.all([alice.context().close(), bob.context().close()]);
    });

    it('reconnects to the other gateway when its own dies, and misses nothing', async () => {
      const [alice, bob] = await Promise.all([login('demo'), login('demo1')]);
      await say(alice, 'before the fall');
      await shows(bob, 'before the fall');
      const ports = { PARLEY_WS_PORT: String(stack.of('connect-gateway')[0]?.ports['ws']) };
      await stack.gateway(0).process.kill9();
      await say(alice, 'during the fall');
      await Promise.all([shows(alice, 'during the fall'), shows(bob, 'during the fall')]);
      await stack.spawn('connect-gateway', ports);
      await say(bob, 'after the fall');
      await Promise.all([shows(alice, 'after the fall'), shows(bob, 'after the fall')]);
      const texts = await bob.getByTestId('message-text').allInnerTexts();
      expect(texts.filter((text) => text.includes('the fall'))).toEqual([
        'before the fall',
        'during the fall',
        'after the fall',
      ]);
      await Promise.all([alice.context().close(), bob.context().close()]);
    });

    it('speaks Chinese to whoever does', async () => {
      const page = await open({ locale: 'zh-CN' });
      await page.getByTestId('login-submit').waitFor();
      expect(await page.locator('body').innerText()).toMatch(/登录/);
      await page.context().close();
    });

    it('violates its own content security policy nowhere, and throws nothing', () => {
      expect(problems).toEqual([]);
    });
  });
