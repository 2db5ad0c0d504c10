import { get } from 'node:http';
import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Stack } from '../stack.js';
import { eventually, fillLogin, online, Pages } from './pages.js';

/** Keeps what a browser asks for waiting. @returns Lets it through. */
async function held(person: BrowserContext, url: RegExp): Promise<() => void> {
  let release = () => {};
  const released = new Promise<void>((resolve) => (release = resolve));
  await person.route(url, async (route) => {
    await released;
    await route.continue();
  });
  return release;
}

/** Gives no answer to the first request for it. */
async function hung(person: BrowserContext, url: RegExp): Promise<void> {
  let asked = 0;
  await person.route(url, async (route) => {
    if (asked++ > 0) await route.continue();
  });
}

/** What was typed before the server could be asked is still there, and the form works. */
async function goesOn(page: Page): Promise<void> {
  expect(await page.getByTestId('login-name').inputValue()).toBe('demo');
  await fillLogin(page, 'demo');
  await online(page);
}

/** What is smaller is sent as it is. */
const TOO_SMALL_BYTES = 2_048;

/** Bytes of a file as it is sent to who takes gzip and nothing better: browsers do so over plain HTTP. */
const zipped = (url: string) =>
  new Promise<number>((resolve, reject) => {
    get(url, { headers: { 'accept-encoding': 'gzip' } }, (answer) => {
      let bytes = 0;
      answer.on('data', (chunk: Buffer) => (bytes += chunk.length));
      const isZipped = answer.headers['content-encoding'] === 'gzip';
      answer.on('end', () => resolve(isZipped || bytes < TOO_SMALL_BYTES ? bytes : Infinity));
    }).on('error', reject);
  });

/** Scripts that a page asks for from now on. */
function scriptsOf(page: Page): Set<string> {
  const scripts = new Set<string>();
  page.on('request', (request) => {
    if (request.url().endsWith('.js')) scripts.add(request.url());
  });
  return scripts;
}

/** What somebody sees whose network is slow. How fast it is, `npm run measure -- --web` shows. */
export const firstLoad = (running: () => Stack) =>
  describe('the first load', () => {
    let pages: Pages;
    beforeAll(async () => {
      pages = await Pages.launch(running());
    });
    afterAll(() => pages?.close());

    it.each([
      ['light', 'rgb(244, 246, 248)'],
      ['dark', 'rgb(17, 22, 28)'],
    ] as const)('shows where one is with its first bytes (%s)', async (colorScheme, background) => {
      const person = await pages.person({ colorScheme });
      const release = await held(person, /\/assets\//);
      const page = await person.newPage();
      await page.goto(running().webUrl, { waitUntil: 'commit' });
      await page.getByTestId('splash').getByText('Parley').waitFor();
      expect(await page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor)).toBe(
        background,
      );
      release();
      await page.getByTestId('login-name').waitFor();
      expect(await page.getByTestId('splash').count()).toBe(0);
      await person.close();
    });

    it('has the form before what talks to the server is here, and logs in once it is', async () => {
      const person = await pages.person();
      const release = await held(person, /\/assets\/server-part.*\.js$/);
      const page = await pages.open({ of: person });
      await fillLogin(page, 'demo');
      expect(await page.getByTestId('login-submit').isDisabled()).toBe(true);
      release();
      await online(page);
      await person.close();
    });

    it('says that the server is out of reach beside the form, and keeps what was typed', async () => {
      const person = await pages.person();
      await person.route(/\/assets\/server-part.*\.js$/, (route) => route.abort());
      const page = await pages.open({ of: person });
      await page.getByTestId('error').waitFor();
      await page.getByTestId('login-name').fill('demo');
      await person.unroute(/\/assets\/server-part.*\.js$/);
      await page.getByTestId('error').waitFor({ state: 'detached' });
      await goesOn(page);
      await person.close();
    });

    // On a connection that died without a word a browser waits on, and asks for nothing twice.
    it('offers to begin anew when its first script hangs', async () => {
      const person = await pages.person();
      await hung(person, /\/assets\/index.*\.js$/);
      const page = await person.newPage();
      const cdp = await person.newCDPSession(page);
      await cdp.send('Animation.enable');
      await cdp.send('Animation.setPlaybackRate', { playbackRate: 10 });
      await page.goto(running().webUrl, { waitUntil: 'commit' });
      const again = page.getByTestId('splash').getByRole('link');
      await again.click();
      await page.getByTestId('login-name').waitFor();
      await person.close();
    });

    it('says that what talks to the server does not come, and goes on when it comes after all', async () => {
      const person = await pages.person();
      await person.clock.install();
      const release = await held(person, /\/assets\/server-part.*\.js$/);
      const page = await pages.open({ of: person });
      await page.getByTestId('login-name').fill('demo');
      expect(await page.getByTestId('late').count()).toBe(0);
      await person.clock.fastForward(15_000);
      await page.getByTestId('late').waitFor();
      release();
      await page.getByTestId('late').waitFor({ state: 'detached' });
      await goesOn(page);
      await person.close();
    });

    it('says that the chat does not come, and has it when the page is loaded anew', async () => {
      const person = await pages.person();
      await pages.login('demo', { of: person });
      await person.clock.install();
      await hung(person, /\/assets\/chat-part.*\.js$/);
      const page = await pages.open({ of: person });
      await page.getByTestId('splash').waitFor();
      await person.clock.fastForward(15_000);
      await page.getByTestId('late').filter({ hasText: 'does not come' }).waitFor();
      await page.getByTestId('reload').click();
      await online(page);
      await person.close();
    });

    // The chat waits for the server, too: that is tried again by itself, and a page that is loaded anew has it no sooner.
    it('asks nobody to reload while it is the server that does not come', async () => {
      const person = await pages.person();
      await pages.login('demo', { of: person });
      await person.clock.install();
      let tries = 0;
      await person.route(/\/config\.json$/, (route) => {
        tries++;
        return route.abort();
      });
      const page = await pages.open({ of: person });
      await page.getByText('could not be loaded').waitFor();
      await person.clock.fastForward(15_000);
      const before = tries;
      await eventually(() => expect(tries).toBeGreaterThan(before + 1));
      expect(await page.getByTestId('late').count()).toBe(0);
      await person.unroute(/\/config\.json$/);
      await online(page);
      await person.close();
    });

    it('asks for at most 150 kB of JavaScript, and for the chat when somebody begins to log in', async () => {
      const person = await pages.person();
      const page = await person.newPage();
      const scripts = scriptsOf(page);
      await page.goto(running().webUrl);
      await page.getByTestId('login-name').waitFor();
      await page.waitForLoadState('networkidle');
      const sizes = await Promise.all([...scripts].map(zipped));
      expect(scripts.size).toBeGreaterThan(2);
      expect(sizes.reduce((sum, bytes) => sum + bytes, 0)).toBeLessThanOrEqual(150_000);
      const chat = page.waitForRequest(/\/assets\/chat-part.*\.js$/);
      await page.getByTestId('login-name').fill('d');
      await chat;
      await person.close();
    });

    it('asks at once for all that somebody needs who is logged in', async () => {
      const person = await pages.person();
      await pages.login('demo', { of: person });
      const release = await held(person, /\/assets\/index.*\.js$/);
      const page = await person.newPage();
      const asked = Promise.all([
        page.waitForRequest(/\/assets\/server-part.*\.js$/),
        page.waitForRequest(/\/assets\/chat-part.*\.js$/),
        page.waitForRequest(/\/assets\/chat-part.*\.css$/),
        page.waitForRequest(/\/assets\/en-words/),
      ]);
      await page.goto(running().webUrl, { waitUntil: 'commit' });
      await asked;
      release();
      await online(page);
      await person.close();
    });

    it('loads a language when it is chosen', async () => {
      const person = await pages.person();
      const asked: string[] = [];
      person.on('request', (request) => asked.push(new URL(request.url()).pathname));
      const page = await pages.open({ of: person });
      await page.getByRole('heading', { name: 'Log in' }).waitFor();
      const words = () => asked.filter((path) => path.includes('-words'));
      expect(words()).toEqual([expect.stringContaining('en-words')]);
      await page.getByTestId('language').selectOption('zh');
      await page.getByRole('heading', { name: '登录' }).waitFor();
      expect(await page.evaluate(() => document.documentElement.lang)).toBe('zh-Hans');
      await page.reload();
      await page.getByRole('heading', { name: '登录' }).waitFor();
      expect(words().filter((path) => path.includes('en-words'))).toHaveLength(1);
      await person.close();
    });

    it('asks for the configuration once, and at once', async () => {
      const person = await pages.person();
      const asked: string[] = [];
      person.on('request', (request) => asked.push(new URL(request.url()).pathname));
      const page = await person.newPage();
      await page.goto(running().webUrl);
      await page.getByTestId('login-name').waitFor();
      expect(asked.filter((path) => path === '/config.json')).toHaveLength(1);
      await person.close();
    });
  });
