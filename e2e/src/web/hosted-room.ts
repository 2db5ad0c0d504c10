import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Stack } from '../stack.js';
import { close, eventually, message, Network, Pages, say, sent, shows } from './pages.js';

/** What people in a room see of what its host does, on two gateways. */
export const hostedRoom = (running: () => Stack) =>
  describe('a room in hand', { timeout: 120_000 }, () => {
    let stack: Stack;
    let pages: Pages;
    beforeAll(async () => {
      stack = running();
      pages = await Pages.launch(stack);
    });
    afterAll(() => pages?.close());

    /** A room with its host on one gateway, and a member on the other. */
    async function together(name: string) {
      const api = stack.api(await stack.login('demo'));
      const { roomId } = await api.createRoom(`${name} ${Date.now()}`);
      const path = `/rooms/${roomId}`;
      const person = await pages.person();
      const network = await Network.of(person);
      const host = await pages.login('demo', { path, gateway: 0 });
      const member = await pages.login('demo1', { path, gateway: 1, of: person });
      await host.locator('[data-testid=member]').filter({ hasText: 'demo1' }).first().waitFor();
      return { host, member, network, path };
    }
    const silence = (page: Page, text: string) =>
      page.getByTestId('silence').filter({ hasText: text }).waitFor();
    const line = (page: Page, text: string) =>
      page.getByTestId('event-line').filter({ hasText: text }).waitFor();
    /** Does what a host types, and waits until it is in force. */
    async function command(page: Page, typed: string) {
      await say(page, typed);
      await page
        .locator('[data-testid=command-note][data-outcome=done]')
        .filter({ hasText: typed })
        .waitFor();
    }

    it('hides what is deleted from everybody, wherever it was, and from who comes later', async () => {
      const { host, member, path } = await together('deletion');
      await say(member, 'hello');
      await shows(host, 'hello');
      await say(member, 'a dreadful word');
      await sent(member, 'a dreadful word');
      await shows(host, 'a dreadful word');
      await host.getByTestId('announcer').filter({ hasText: 'dreadful' }).waitFor({ state: 'attached' });
      await command(host, '/clear demo1 600');
      for (const page of [host, member]) {
        await page.getByTestId('tombstone').filter({ hasText: 'Deleted by a moderator' }).first().waitFor();
        await line(page, 'deleted 2 messages');
        expect(await page.locator('#root').innerHTML()).not.toContain('dreadful');
      }
      await member.goto(new URL(path, stack.webUrl).href);
      await member.getByTestId('tombstone').first().waitFor();
      expect(await member.locator('#root').innerHTML()).not.toContain('dreadful');
      // One's own, without its number, in the other language.
      await say(member, 'never mind');
      await sent(member, 'never mind');
      await command(member, '/delete');
      await host
        .getByTestId('tombstone')
        .filter({ hasText: /^Message deleted$/ })
        .waitFor();
      const chinese = await pages.login('demo2', { path, gateway: 1, locale: 'zh-CN' });
      await chinese.getByTestId('tombstone').filter({ hasText: '已被主持人删除' }).first().waitFor();
      await close(host, member, chinese);
    });

    it('says before a message is sent that one cannot write, and gives back what comes too late', async () => {
      const { host, member, network } = await together('silence');
      await command(host, '/slow 600');
      await line(member, 'one message every 600 s');
      await say(member, 'one');
      await sent(member, 'one');
      await silence(member, 'Slow mode is on. You can write in');
      await command(host, '/slowoff');
      await member.getByTestId('silence').waitFor({ state: 'detached' });

      await network.cut();
      await member.getByTestId('offline-banner').waitFor();
      for (const text of ['too late', 'far too late']) await say(member, text);
      await message(member, 'far too late').waitFor();
      await command(host, '/hosts');
      await network.restore();
      await member.getByTestId('refusal').filter({ hasText: 'Only hosts can write here now' }).waitFor();
      await eventually(async () =>
        expect(await member.getByTestId('composer').inputValue()).toBe('too late\nfar too late'),
      );
      expect(await member.getByTestId('send').isDisabled()).toBe(true);
      await command(host, '/hostsoff');
      await line(member, 'Everybody can write now');
      // Not by itself: its author sends it.
      await member.locator('[data-testid=send]:enabled').waitFor();
      await say(host, 'go on');
      await shows(member, 'go on');
      expect(await message(member, 'too late').count()).toBe(0);
      await member.getByTestId('composer').press('Enter');
      await shows(host, 'far too late');

      await command(host, '/timeout demo1 600 that was rude');
      await silence(member, 'A host has stopped you from writing. You can write in');
      await line(member, 'Reason: that was rude');
      await command(host, '/untimeout demo1');
      await member.getByTestId('silence').waitFor({ state: 'detached' });
      await close(host, member);
    });

    it('keeps in sight what is pinned, announces, completes commands, and puts people out', async () => {
      const { host, member } = await together('order');
      await say(host, 'Homework: page 12');
      await sent(host, 'Homework: page 12');
      await command(host, '/pin');
      await member.getByTestId('pin').filter({ hasText: 'Homework: page 12' }).click();
      await message(member, 'Homework: page 12').and(member.locator('[data-found]')).waitFor();
      await command(host, '/announce We begin');
      await member.getByTestId('announcement').filter({ hasText: 'We begin' }).waitFor();
      await member
        .getByTestId('announcer')
        .filter({ hasText: 'Announcement: We begin' })
        .waitFor({ state: 'attached' });
      await member
        .getByTestId('message-list')
        .getByTestId('role-badge')
        .filter({ hasText: 'Owner' })
        .first()
        .waitFor();

      const composer = host.getByTestId('composer');
      await composer.fill('/kic');
      await host.getByTestId('completions').getByText('/kick <user> [reason]').waitFor();
      await composer.press('Tab');
      await composer.pressSequentially('dem');
      await host.getByRole('option', { name: 'demo1', exact: true }).click();
      expect(await composer.inputValue()).toBe('/kick demo1 ');
      await composer.pressSequentially('enough');
      await composer.press('Enter');
      const out = member.getByTestId('put-out');
      await out.filter({ hasText: 'Reason: enough' }).waitFor();
      expect(await member.getByTestId('composer').count()).toBe(0);
      await line(host, 'put demo1 out of the room');
      await member.getByTestId('come-back').click();
      await shows(member, 'Homework: page 12');

      await say(host, '/bna demo1');
      await host.locator('[data-testid=command-note][data-outcome=unknown]').waitFor();
      await command(host, '/ban demo1');
      await out.filter({ hasText: 'You cannot come back' }).waitFor();
      await member.reload();
      await out.filter({ hasText: 'banned' }).waitFor();
      expect(await member.getByTestId('come-back').count()).toBe(0);
      await command(host, '/unban demo1');
      await member.reload();
      await shows(member, 'Homework: page 12');
      expect(await message(member, '/bna').count()).toBe(0);
      await close(host, member);
    });

    it('throws nothing', () => expect(pages.problems).toEqual([]));
  });
