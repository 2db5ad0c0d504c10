import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Page } from 'playwright-core';
import type { Stack } from '../stack.js';
import { findings } from './findings.js';
import { close, eventually, fillLogin, message, Pages, patience, say, shows } from './pages.js';

const phone = { viewport: { width: 360, height: 640 }, hasTouch: true };

/** How somebody comes into a room without an account, by a link on a phone. */
export const door = (running: () => Stack) =>
  describe('the door', () => {
    let stack: Stack;
    let pages: Pages;
    beforeAll(async () => {
      stack = running();
      pages = await Pages.launch(stack);
    });
    afterAll(() => pages?.close());

    async function hosted(name: string) {
      const { roomId } = await stack.api(await stack.login('demo')).createRoom(`${name} ${Date.now()}`);
      return { roomId, host: await pages.login('demo', { path: `/rooms/${roomId}`, gateway: 0 }) };
    }
    /** The path of a new link. */
    async function link(host: Page, uses?: string): Promise<string> {
      await host.getByTestId('invite').click();
      if (uses !== undefined) await host.getByTestId('invite-uses').fill(uses);
      await host.getByTestId('invite-make').click();
      return new URL(await host.getByTestId('invite-link').inputValue()).pathname;
    }
    async function come(page: Page, name: string): Promise<void> {
      await page.getByTestId('join-name').fill(name);
      await page.getByTestId('join-name').press('Enter');
    }
    const fits = (page: Page) =>
      page.evaluate(() => document.documentElement.scrollWidth <= document.documentElement.clientWidth);

    // The first try had taken the name and the only use, and its answer never came.
    it('lets in at the second click whose first answer was lost, and makes a room once', async () => {
      const { host, roomId } = await hosted('Wi-Fi');
      const path = await link(host, '1');
      const loseFirst = async (page: Page, url: string) => {
        let isLost = false;
        await page.route(url, async (route) => {
          if (route.request().method() !== 'POST' || isLost) return route.continue();
          isLost = true;
          await route.fetch();
          await route.abort('connectionreset');
        });
      };
      const guest = await pages.open({ ...phone, path, gateway: 1 });
      await loseFirst(guest, '**/v1/guests');
      await come(guest, 'Ada');
      await guest.getByTestId('error').waitFor(patience);
      await guest.getByTestId('join-submit').click();
      await guest.getByTestId('composer').waitFor(patience);

      // Unless he was put out meanwhile, with all who came by the invitation: then it is as for everybody else.
      await host.keyboard.press('Escape');
      const late = await pages.open({ ...phone, path: await link(host), gateway: 1 });
      await loseFirst(late, '**/v1/guests');
      await come(late, 'Bob');
      await late.getByTestId('error').waitFor(patience);
      const api = stack.api(await stack.login('demo'));
      const [{ inviteId } = { inviteId: '' }] = await api.invites(roomId);
      await api.withdrawInvite(roomId, inviteId, { sessions: 'end' });
      await late.getByTestId('join-submit').click();
      await late.getByTestId('error').filter({ hasText: 'withdrawn' }).waitFor(patience);
      await close(late);

      await host.keyboard.press('Escape');
      await loseFirst(host, '**/v1/rooms');
      const name = `once ${Date.now()}`;
      await host.getByTestId('new-room').click();
      await host.getByTestId('new-room-name').fill(name);
      await host.getByTestId('new-room-submit').click();
      await host.getByTestId('error').waitFor(patience);
      await host.getByTestId('new-room-submit').click();
      await host.getByTestId('thread-name').filter({ hasText: name }).waitFor(patience);
      const { rooms } = await stack.api(await stack.login('demo')).searchRooms(name);
      expect(rooms).toHaveLength(1);
      await close(guest);
      await close(host);
    });

    it('is opened by a host with a link and a QR code, and a guest comes in by a name and stays', async () => {
      const { host, roomId } = await hosted('Physics');
      const path = await link(host, '5');
      await host.getByTestId('invite-qr').waitFor();
      await host.getByTestId('open-invite').filter({ hasText: '0 of 5' }).waitFor();
      await host.keyboard.press('Escape');

      const guest = await pages.open({ ...phone, path, gateway: 1 });
      await guest.getByTestId('join-room').filter({ hasText: 'Physics' }).waitFor();
      expect(await fits(guest)).toBe(true);
      await come(guest, 'demo');
      await guest.getByTestId('error').filter({ hasText: 'taken' }).waitFor();
      await come(guest, 'Ada L.');
      await guest.waitForURL(`**/rooms/${roomId}`);
      // On a phone Enter begins a line.
      await guest.getByTestId('composer').fill('good morning');
      await guest.getByTestId('send').click();
      await shows(host, 'good morning');
      // Hosts see that she is a guest: beside what she writes, in the list and in what can be done about her.
      const guestBadge = '[data-testid=role-badge][data-role=guest]';
      await host
        .locator('li', { has: message(host, 'good morning') })
        .locator(guestBadge)
        .first()
        .waitFor();
      const listed = host.locator('li', { has: host.getByTestId('member').filter({ hasText: 'Ada L.' }) });
      await listed.locator(guestBadge).waitFor();
      await listed.getByTestId('about-person').click();
      await host.getByTestId('person-dialog').locator(guestBadge).waitFor();
      expect(await host.getByTestId('give-role').count()).toBe(0);
      await host.keyboard.press('Escape');
      await say(host, 'welcome');
      await shows(guest, 'welcome');

      // Nothing leads elsewhere, and nothing asks for what is not a guest's.
      await guest.reload();
      await message(guest, 'welcome').waitFor(patience);
      await guest.getByTestId('open-sidebar').click();
      await guest.getByTestId('me').filter({ hasText: 'Ada L.' }).waitFor();
      // The list of rooms is the one room.
      await guest.getByTestId('room-link').filter({ hasText: 'Physics' }).waitFor();
      expect(await guest.getByTestId('room-link').count()).toBe(1);
      await guest.keyboard.press('Escape');
      // Another name, by a command that only guests have: everybody reads of it.
      await guest.getByTestId('composer').fill('/nick demo');
      await guest.getByTestId('send').click();
      await guest.getByTestId('command-note').filter({ hasText: 'taken' }).waitFor();
      await guest.getByTestId('composer').fill('/nick Ada Lovelace');
      await guest.getByTestId('send').click();
      for (const page of [host, guest])
        await page.getByText('Ada L. is called Ada Lovelace now.').waitFor(patience);
      expect(await guest.getByTestId('composer').inputValue()).toBe('');
      await guest.getByTestId('composer').fill('it is me');
      await guest.getByTestId('send').click();
      await host.getByTestId('author').filter({ hasText: 'Ada Lovelace' }).first().waitFor(patience);
      await guest.getByTestId('open-sidebar').click();
      await guest.getByTestId('me').filter({ hasText: 'Ada Lovelace' }).waitFor();
      for (const other of ['new-room', 'invite']) expect(await guest.getByTestId(other).count()).toBe(0);
      await guest.goto(new URL('/rooms/1', guest.url()).href);
      await guest.waitForURL(`**/rooms/${roomId}`);

      // The host sees who came, and has them leave.
      await host.getByTestId('invite').click();
      await host.getByTestId('open-invite').filter({ hasText: '1 of 5' }).waitFor();
      await host.getByTestId('withdraw-all').click();
      await host.getByTestId('open-invite').waitFor({ state: 'detached' });
      await guest.waitForURL('**/login');
      // He has nothing to log in with again.
      await guest.getByTestId('error').filter({ hasText: 'ask the host for a new one' }).waitFor();
      await guest.goto(new URL(path, guest.url()).href);
      await guest.getByTestId('error').filter({ hasText: 'withdrawn' }).waitFor();
      await close(guest);
      await close(host);
    });

    it('is private from the start or closed by its owner, and people come in by a code and a password', async () => {
      const stack = running();
      const name = `Private ${Date.now()}`;
      const owner = await pages.login('demo', { path: '/rooms/1', gateway: 0 });
      await owner.getByTestId('new-room').click();
      await owner.getByTestId('new-room-name').fill(name);
      await owner.getByTestId('new-room-private').check();
      await owner.getByTestId('new-room-submit').click();
      await owner.waitForURL((url) => /rooms\/(?!1$)\d+$/.test(url.pathname));
      const roomId = Number(owner.url().split('/').at(-1));
      const entry = (page: Page) => page.locator(`[data-testid=room-link][data-room-id="${roomId}"]`);
      await owner.reload();
      await entry(owner).filter({ hasText: 'Private room' }).waitFor();
      await owner.getByTestId('room-settings').click();
      await owner.getByTestId('show-door').click();
      await owner.getByTestId('door-make-code').click();
      const code = (await owner.getByTestId('door-code').textContent())?.trim() ?? '';
      await owner.getByTestId('door-password').fill('short');
      await owner.getByTestId('door-set-password').click();
      await owner.getByTestId('error').filter({ hasText: 'at least 6' }).waitFor();
      await owner.getByTestId('door-password').fill('open sesame');
      await owner.getByTestId('door-set-password').click();
      await owner.getByTestId('door-has-password').waitFor();
      const found: Record<string, string[]> = { 'the door section': await findings(owner) };
      await owner.getByTestId('door-new-code').click();
      await owner.getByTestId('door-new-code-yes').click();
      await owner.getByTestId('door-code').filter({ hasNotText: code }).waitFor();
      const renewed = (await owner.getByTestId('door-code').textContent())?.trim() ?? '';
      await owner.keyboard.press('Escape');

      // Who is not logged in comes back to the code, filled in; the old one is worth nothing any more.
      const pupil = await pages.open({ ...phone, colorScheme: 'dark', path: `/code/${code}`, gateway: 1 });
      await fillLogin(pupil, 'demo1');
      await pupil.waitForURL(`**/code/${code}`);
      await pupil.getByTestId('code-submit').press('Enter');
      await pupil.getByTestId('error').filter({ hasText: 'No room has this code' }).waitFor();
      await pupil.getByTestId('code').fill('nonsense');
      await pupil.getByTestId('code').press('Enter');
      await pupil.getByTestId('error').filter({ hasText: 'six letters' }).waitFor();
      await pupil.getByTestId('code').fill(`${renewed.slice(0, 3).toLowerCase()}-${renewed.slice(3)}`);
      await pupil.getByTestId('code').press('Enter');
      await pupil.getByTestId('code-password').fill('sesame open');
      found['the page of a code'] = await findings(pupil);
      await pupil.getByTestId('code-password').press('Enter');
      await pupil.getByTestId('error').filter({ hasText: 'not the password' }).waitFor();
      expect(await fits(pupil)).toBe(true);
      await pupil.getByTestId('code-password').fill('open sesame');
      await pupil.getByTestId('code-password').press('Enter');
      await pupil.waitForURL(`**/rooms/${roomId}`);
      await say(owner, 'we are alone');
      await shows(pupil, 'we are alone');
      await pupil.getByTestId('open-sidebar').click();
      await entry(pupil).filter({ hasText: 'Private room' }).waitFor();
      await pupil.getByTestId('join-by-code').click();
      await pupil.getByTestId('code').waitFor();
      expect(await findings(pupil)).toEqual([]);
      expect(Object.entries(found).filter(([, lines]) => lines.length > 0)).toEqual([]);

      // Back in the list, and private again: who is in the room goes on, and others see it come and go.
      await pupil.goBack();
      await shows(pupil, 'we are alone');
      await owner.getByTestId('room-settings').click();
      await owner.getByTestId('show-door').click();
      for (const listed of [true, false]) {
        await owner.getByTestId('door-listed').click();
        await owner.getByTestId('door-listed-yes').click();
        await owner.locator(`[data-testid=door-privacy][data-listed=${listed}]`).waitFor();
        const outsider = stack.api(await stack.login('demo2'));
        await eventually(async () =>
          expect((await outsider.rooms()).some((room) => room.roomId === roomId)).toBe(listed),
        );
        await owner
          .locator(`[data-room-id="${roomId}"]${listed ? ':not([data-private])' : '[data-private]'}`)
          .waitFor();
      }
      await owner.getByTestId('show-door-log').click();
      await owner
        .locator('[data-testid=door-log-line][data-act=enter]')
        .filter({ hasText: 'demo1' })
        .waitFor();
      await owner.keyboard.press('Escape');
      await say(owner, 'still here');
      await shows(pupil, 'still here');
      await close(pupil);
      await close(owner);
    });

    // Each saw the door as it was when it was opened, and replaced what the other had made.
    it('is seen by two owners as it is now: no code is replaced unasked, and no link stays that is withdrawn', async () => {
      const { roomId, host: one } = await hosted('Two desks');
      const other = await pages.login('demo', { path: `/rooms/${roomId}`, gateway: 1 });
      const code = async (page: Page) => (await page.getByTestId('door-code').textContent())?.trim();
      // The other one reads nothing new until it presses: it is as if both pressed at once.
      let press!: () => void;
      const pressed = new Promise<void>((resolve) => (press = resolve));
      await other.route(`**/v1/rooms/${roomId}/door`, async (route) => {
        const isFirst = (await other.getByTestId('door-section').count()) === 0;
        if (route.request().method() === 'GET' && !isFirst) await pressed;
        await route.continue();
      });
      for (const page of [one, other]) {
        await page.getByTestId('room-settings').click();
        await page.getByTestId('show-door').click();
        await page.getByTestId('door-make-code').waitFor(patience);
      }
      await one.getByTestId('door-make-code').click();
      await one.getByTestId('door-code').waitFor(patience);
      const made = await code(one);
      await other.getByTestId('door-make-code').click();
      press();
      await other.getByTestId('door-code').waitFor(patience);
      expect([await code(other), await code(one)]).toEqual([made, made]);
      await other.getByTestId('door-listed').click();
      await other.getByTestId('door-listed-yes').click();
      await one.locator('[data-testid=door-privacy][data-listed=false]').waitFor(patience);
      await other.getByTestId('door-new-code').click();
      await other.getByTestId('door-new-code-yes').click();
      await one
        .getByTestId('door-code')
        .filter({ hasNotText: made ?? '' })
        .waitFor(patience);

      for (const page of [one, other]) await page.keyboard.press('Escape');
      await other.getByTestId('invite').click();
      await link(one);
      await one.getByTestId('invite-qr').waitFor();
      await other.getByTestId('withdraw').click(patience);
      await one.getByTestId('invite-gone').waitFor(patience);
      expect(await one.getByTestId('invite-qr').count()).toBe(0);
      expect(await findings(one)).toEqual([]);
      await close(one);
      await close(other);
    });

    it('speaks Chinese, lets accounts straight in, and brings who logs in back', async () => {
      const { host, roomId } = await hosted('物理');
      const path = await link(host);
      const visitor = await pages.open({ ...phone, path, locale: 'zh-CN' });
      await visitor.getByText('你收到了邀请').first().waitFor();
      await visitor.getByTestId('join-login').click();
      await visitor.getByTestId('login-name').fill('demo1');
      await visitor.getByTestId('login-password').fill('111111');
      await visitor.getByTestId('login-submit').click();
      await visitor.waitForURL(`**${path}`);
      await visitor.getByTestId('join-open').click();
      await visitor.waitForURL(`**/rooms/${roomId}`);
      await close(visitor);
      await close(host);
      expect(pages.problems).toEqual([]);
    });
  });
