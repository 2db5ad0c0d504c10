import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Stack } from '../stack.js';
import { findings } from './findings.js';
import { close, Pages, shows } from './pages.js';

const phone = { viewport: { width: 360, height: 640 }, hasTouch: true };

/** How guests wait in front of a room, and how a host lets them in. */
export const lobby = (running: () => Stack) =>
  describe('the lobby', () => {
    let pages: Pages;
    beforeAll(async () => {
      pages = await Pages.launch(running());
    });
    afterAll(() => pages?.close());

    it('lets a guest wait until a host lets him in, by keyboard, and puts guests out and in again with a panic', async () => {
      const stack = running();
      const api = stack.api(await stack.login('demo'));
      const name = `Waiting ${Date.now()}`;
      const { roomId } = await api.createRoom(name);
      const { path } = await api.createInvite(roomId);
      const host = await pages.login('demo', { path: `/rooms/${roomId}`, gateway: 0 });
      await host.getByTestId('room-settings').click();
      await host.getByTestId('guest-policy').selectOption('ASK_MODERATOR');
      await host.getByTestId('save-settings').click();
      await host.getByTestId('settings-dialog').waitFor({ state: 'detached' });
      await host.getByTestId('composer').focus();

      const guest = await pages.open({ ...phone, locale: 'zh-CN', colorScheme: 'dark', path, gateway: 1 });
      await guest.getByTestId('join-name').fill('Ada');
      await guest.getByTestId('join-name').press('Enter');
      await guest.getByTestId('lobby').filter({ hasText: name }).waitFor();
      const other = await pages.open({ path, gateway: 0 });
      await other.getByTestId('join-name').fill('Bob');
      await other.getByTestId('join-name').press('Enter');
      await other.getByTestId('lobby').filter({ hasText: 'You wait as Bob' }).waitFor();
      const found: Record<string, string[]> = { 'who waits': await findings(guest) };
      await guest.reload();
      await guest.getByTestId('lobby').filter({ hasText: 'Ada' }).waitFor();

      // The host is told, and goes on writing.
      await host.locator('[data-testid=waiting-bar][data-count="2"]').waitFor();
      expect(await host.evaluate(() => document.activeElement?.getAttribute('data-testid'))).toBe('composer');
      await host.getByTestId('waiting-open').press('Enter');
      const line = (of: string) => host.getByTestId('waiting-person').filter({ hasText: of });
      await line('Ada').filter({ hasText: 'by an invitation of demo' }).waitFor();
      found['who waits, for hosts'] = await findings(host);
      await line('Bob').getByTestId('deny').press('Enter');
      await other.locator('[data-testid=lobby][data-state=denied]').waitFor();
      await host.getByTestId('waiting-did').filter({ hasText: 'not let in' }).waitFor();
      await host.getByTestId('admit-all').press('Enter');
      await guest.getByTestId('composer').waitFor();
      await host.keyboard.press('Escape');
      await host.getByTestId('waiting-bar').waitFor({ state: 'detached' });
      await guest.getByTestId('composer').fill('here I am');
      await guest.getByTestId('send').click();
      await shows(host, 'here I am');

      // With a panic she waits again, and comes back with its end.
      const act = (method: string) =>
        fetch(`${stack.apiUrl}/v1/rooms/${roomId}/shield`, {
          method,
          headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
          body: '{}',
        });
      const token = await stack.login('demo');
      await act('PUT');
      await guest.locator('[data-testid=put-out][data-reason=lobby]').waitFor();
      await host.locator('[data-testid=waiting-bar][data-count="1"]').waitFor();
      found['put out by a panic'] = await findings(guest);
      await act('DELETE');
      await shows(guest, 'here I am');
      expect(found).toEqual(Object.fromEntries(Object.keys(found).map((state) => [state, []])));
      for (const page of [guest, other, host]) await close(page);
    });
  });
