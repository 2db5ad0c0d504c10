import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Stack } from '../stack.js';
import { findings } from './findings.js';
import { close, Network, post, say, shows, Pages, eventually } from './pages.js';

/** Both themes and both languages, each once: what axe finds in one hangs on either of them, not on the pair. */
const looks = [
  { colorScheme: 'light', locale: 'en-US' },
  { colorScheme: 'dark', locale: 'zh-CN' },
] as const;

/** Every state of the site, for those who see it and for those who listen to it. */
export const accessibility = (running: () => Stack) =>
  describe('accessibility', () => {
    let pages: Pages;
    beforeAll(async () => {
      pages = await Pages.launch(running());
    });
    afterAll(() => pages?.close());

    async function room(name: string, messages: readonly string[] = []) {
      const stack = running();
      const { roomId } = await stack.api(await stack.login('demo')).createRoom(`${name} ${Date.now()}`);
      const token = await stack.login('demo1');
      const hear = (text: string) => post(stack, token, roomId, text);
      for (const text of messages) await hear(text);
      return { path: `/rooms/${roomId}`, roomId, hear };
    }

    it.each(looks)(
      'axe finds nothing in any state: $colorScheme, $locale',
      async (look) => {
        const found: Record<string, string[]> = {};
        const busy = await room('busy', ['hello', 'see https://example.org/', 'line\n'.repeat(60)]);
        const empty = await room('empty');
        const person = await pages.person(look);
        const network = await Network.of(person);
        const page = await pages.open({ of: person });
        await page.getByTestId('login-name').waitFor();
        found['login'] = await findings(page);
        await page.getByTestId('login-name').fill('demo');
        await page.getByTestId('login-password').fill('not the one');
        await page.getByTestId('login-submit').click();
        await page.getByTestId('error').waitFor();
        found['login, refused'] = await findings(page);
        await page.getByTestId('register-link').click();
        await page.getByTestId('register-name').fill('x');
        await page.getByTestId('register-submit').click();
        await page.getByTestId('error').waitFor();
        found['registration, refused'] = await findings(page);
        const stack = running();
        const host = stack.api(await stack.login('demo'));
        const { path: invitation } = await host.createInvite(empty.roomId);
        await page.goto(stack.webUrl + invitation);
        await page.getByTestId('join-name').fill('demo');
        await page.getByTestId('join-submit').click();
        await page.getByTestId('error').waitFor();
        found['an invitation, the name refused'] = await findings(page);
        await page.goto(running().webUrl + empty.path);
        await page.getByTestId('login-name').fill('demo');
        await page.getByTestId('login-password').fill('111111');
        await page.getByTestId('login-submit').click();
        await page.getByTestId('composer').waitFor();
        await page.getByTestId('member').first().waitFor();
        found['empty room'] = await findings(page);
        await page.getByTestId('settings').click();
        await page.getByTestId('new-room').click();
        await page.getByTestId('new-room-name').waitFor();
        await page.getByTestId('new-room-private').check();
        found['settings and a new room'] = await findings(page);
        await page.goto(running().webUrl + busy.path);
        await shows(page, 'hello');
        await say(page, 'an own message');
        await shows(page, 'an own message');
        found['busy room'] = await findings(page);
        await page.evaluate(() => localStorage.setItem('parley.density', 'compact'));
        await page.reload();
        await shows(page, 'hello');
        found['busy room, compact'] = await findings(page);
        await page.keyboard.press('Control+K');
        await page.getByTestId('switcher-place').first().waitFor();
        found['switcher'] = await findings(page);
        await page.getByTestId('switcher-question').fill('nothing is called that');
        await page.getByTestId('switcher-place').first().waitFor({ state: 'detached' });
        found['switcher, nothing found'] = await findings(page);
        await page.keyboard.press('Escape');
        await page.keyboard.press('Control+/');
        await page.getByTestId('keys').waitFor();
        found['keys'] = await findings(page);
        await page.keyboard.press('Escape');
        await page.getByTestId('search').fill('demo');
        await page.getByTestId('search-hit').nth(1).waitFor();
        await page.getByTestId('search').press('ArrowDown');
        found['search'] = await findings(page);
        await page.getByTestId('search').fill('nothing is called that');
        await page.getByTestId('search-empty').waitFor();
        found['search, nothing found'] = await findings(page);
        await page.getByTestId('search').press('Escape');
        await page.getByTestId('leave-room').click();
        await page.getByTestId('leave-cancel').waitFor();
        found['leaving'] = await findings(page);
        await page.keyboard.press('Escape');
        await page.goto(stack.webUrl + invitation);
        await page.getByTestId('join-open').waitFor();
        found['an invitation, with an account'] = await findings(page);
        await page.goto(`${stack.webUrl}/code`);
        await page.getByTestId('code').fill('no');
        await page.getByTestId('code-submit').click();
        await page.getByTestId('error').waitFor();
        found['the page of a code'] = await findings(page);
        await page.goto(`${running().webUrl}/direct/4`);
        await page.getByTestId('composer').waitFor();
        found['conversation'] = await findings(page);
        await page.goto(`${running().webUrl}/rooms/999999999`);
        await page.getByTestId('thread-missing').waitFor();
        found['no such room'] = await findings(page);
        await page.goto(running().webUrl + busy.path);
        await page.setViewportSize({ width: 390, height: 780 });
        await shows(page, 'hello');
        found['phone'] = await findings(page);
        await page.getByTestId('open-sidebar').click();
        await page.getByTestId('logout').waitFor();
        found['phone, drawer'] = await findings(page);
        await page.keyboard.press('Escape');
        await page.getByTestId('online-count').click();
        await page.getByTestId('member').first().waitFor();
        found['phone, members'] = await findings(page);
        await page.keyboard.press('Escape');
        await network.cut();
        await page.getByTestId('offline-banner').waitFor();
        found['offline'] = await findings(page);
        await close(page);
        expect(Object.entries(found).filter(([, lines]) => lines.length > 0)).toEqual([]);
      },
      240_000,
    );

    // The composer's ring was a shadow, what is chosen a background: there is neither in a contrast theme.
    it('shows in colours of the system what has the focus, what is chosen, what is open and what is unread', async () => {
      const open = await room('open', ['hello']);
      const other = await room('other');
      const page = await pages.login('demo', { path: other.path, forcedColors: 'active' });
      await page.goto(running().webUrl + open.path);
      await shows(page, 'hello');
      const outlined = (element: Element | null) => {
        for (let at = element, up = 0; at && up < 3; at = at.parentElement, up++) {
          const { outlineStyle, outlineWidth } = getComputedStyle(at);
          if (outlineStyle !== 'none' && outlineWidth !== '0px') return true;
        }
        return false;
      };
      const unseen = new Set<string>();
      for (let i = 0; i < 30; i++) {
        await page.keyboard.press('Tab');
        const focus = page.locator(':focus');
        if ((await focus.count()) === 0 || (await focus.evaluate(outlined))) continue;
        unseen.add(await focus.evaluate(({ outerHTML }) => outerHTML.slice(0, 120)));
      }
      expect([...unseen]).toEqual([]);
      const here = page.locator('a[aria-current=page]').first();
      expect(await here.evaluate((link) => getComputedStyle(link).borderInlineStartWidth)).toBe('4px');
      await other.hear('you have not read this');
      const badge = page.getByTestId('unread').first();
      await badge.waitFor();
      expect(await badge.evaluate((element) => getComputedStyle(element).borderTopStyle)).toBe('solid');
      await page.keyboard.press('Control+K');
      const chosen = page.locator('[role=option][aria-selected=true]');
      await chosen.waitFor();
      expect(await chosen.evaluate((option) => getComputedStyle(option).outlineStyle)).toBe('solid');
      await close(page);
    });

    it('says who wrote each message', async () => {
      const { path, hear } = await room('who', ['first', 'second']);
      const page = await pages.login('demo', { path });
      await shows(page, 'second');
      await hear('third');
      await shows(page, 'third');
      const list = await page.getByTestId('message-list').ariaSnapshot();
      expect(list.match(/demo1/g)?.length).toBeGreaterThanOrEqual(3);
      await close(page);
    });

    it('announces what comes, politely and not one by one; the list itself is no live region', async () => {
      const { path, hear } = await room('announced', ['before']);
      const page = await pages.login('demo', { path });
      await shows(page, 'before');
      const announcer = page.getByTestId('announcer');
      expect(await announcer.getAttribute('aria-live')).toBe('polite');
      expect(await page.getByTestId('message-list').getAttribute('role')).toBe('region');
      expect(await announcer.innerText()).toBe('');
      await page.evaluate(() => {
        const said: string[] = [];
        (window as unknown as { said: string[] }).said = said;
        const node = document.querySelector('[data-testid=announcer]') as Element;
        new MutationObserver(() => said.push(node.textContent)).observe(node, {
          childList: true,
          characterData: true,
          subtree: true,
        });
      });
      await hear('hello there');
      await eventually(async () => expect(await announcer.textContent()).toBe('demo1: hello there'));
      for (let i = 0; i < 12; i++) await hear(`quick ${i}`);
      await eventually(async () => expect(await announcer.textContent()).toContain('quick 11'));
      const said = await page.evaluate(() => (window as unknown as { said: string[] }).said);
      expect(said.length).toBeLessThan(8);
      await say(page, 'my own');
      await shows(page, 'my own');
      expect(await announcer.textContent()).not.toContain('my own');
      await close(page);
    });

    // The announcer came with the list, which comes with the first message, and took it for read.
    it('announces the first message of an empty room, too', async () => {
      const { path, hear } = await room('first', []);
      const page = await pages.login('demo', { path });
      await page.getByText('It is quiet here').waitFor();
      const announcer = page.getByTestId('announcer');
      expect(await announcer.textContent()).toBe('');
      await hear('hello, anybody?');
      await eventually(async () => expect(await announcer.textContent()).toBe('demo1: hello, anybody?'));
      await close(page);
    });

    it('reads nothing aloud while somebody pages up', async () => {
      const texts = Array.from({ length: 58 }, (_, i) => `old ${i}`);
      const { path } = await room('paged', texts);
      const page = await pages.login('demo', { path });
      await shows(page, 'old 57');
      await page.getByTestId('message-list').focus();
      await page.keyboard.press('Home');
      await page
        .getByTestId('message-text')
        .filter({ hasText: /^old 0$/ })
        .waitFor();
      expect(await page.getByTestId('announcer').textContent()).toBe('');
      const live = await page.evaluate(
        () =>
          [...document.querySelectorAll('[aria-live], [role=log], [role=status], [role=alert]')].filter(
            (region) => region.querySelector('[data-testid=message]'),
          ).length,
      );
      expect(live).toBe(0);
      await close(page);
    });
  });
