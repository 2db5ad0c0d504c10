import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Stack } from '../stack.js';
import { close, message, Pages, say, sent } from './pages.js';

const HOUR_MS = 3_600_000;
/** More than a test takes. */
const MINUTE_MS = 60_000;

/** A device that thinks it is another hour, as laptops do whose battery was empty. */
export const wrongClock = (running: () => Stack) =>
  describe('a device whose clock is wrong', () => {
    let pages: Pages;
    beforeAll(async () => void (pages = await Pages.launch(running())));
    afterAll(() => pages?.close());

    /** A page of somebody's whose clock is ahead by so many hours. */
    async function login(name: string, path: string, hours: number): Promise<Page> {
      const person = await pages.person();
      await person.addInitScript((aheadMs) => {
        const now = Date.now.bind(Date);
        globalThis.Date = class extends Date {
          constructor(...of: unknown[]) {
            super(...((of.length === 0 ? [now() + aheadMs] : of) as [number]));
          }
          static override now = () => now() + aheadMs;
        } as DateConstructor;
      }, hours * HOUR_MS);
      const page = await pages.login(name, { of: person, path });
      expect(Math.abs((await page.evaluate(() => Date.now())) - Date.now())).toBeGreaterThan(2 * HOUR_MS);
      return page;
    }
    async function room(name: string) {
      const api = running().api(await running().login('demo'));
      const { roomId } = await api.createRoom(`${name} ${Date.now()}`);
      return { api, roomId, path: `/rooms/${roomId}` };
    }

    // Behind, it was refused; ahead, it held for longer.
    it.each([-3, 3])('by %i hours makes invitations that hold as long as they say', async (hours) => {
      const { api, roomId, path } = await room('Invited');
      const page = await login('demo', path, hours);
      await page.getByTestId('invite').click();
      await page.locator('select[name=life]').selectOption('hour');
      const madeAt = Date.now();
      await page.getByTestId('invite-make').click();
      await page.getByTestId('invite-link').waitFor();
      const [invite] = await api.invites(roomId);
      expect(Math.abs((invite?.expiresAt ?? 0) - (madeAt + HOUR_MS))).toBeLessThan(MINUTE_MS);
      expect(pages.problems).toEqual([]);
      await close(page);
    });

    it('ahead deletes what was just said', async () => {
      const { path } = await room('Said');
      const page = await login('demo1', path, 3);
      await say(page, 'said at another hour');
      await sent(page, 'said at another hour');
      await message(page, 'said at another hour').hover();
      await message(page, 'said at another hour').getByTestId('message-tools').click();
      await page.getByTestId('menu-delete').click();
      await page.getByTestId('delete-yes').click();
      await page.getByTestId('tombstone').waitFor();
      await close(page);
    });
  });
