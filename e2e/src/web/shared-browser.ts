import { chromium, type Browser } from 'playwright-core';

const executablePath = process.env['PARLEY_CHROMIUM'] ?? '/usr/bin/chromium';
/** A name that nobody has allowed to call; it leads to this machine. */
export const strangeHost = 'chat.example';
const args = [
  '--no-sandbox',
  '--disable-dev-shm-usage',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
  `--host-resolver-rules=MAP ${strangeHost} 127.0.0.1`,
];

let shared: Promise<Browser> | undefined;

/**
 * The Chromium of this process, started on first use: a start costs seconds of processor time, and contexts share
 * nothing. One that crashed is followed by another at the next use; who was using it is told by {@link expectBrowser}.
 */
export function sharedBrowser(): Promise<Browser> {
  shared ??= chromium.launch({ executablePath, args }).then((browser) => {
    browser.once('disconnected', () => (shared = undefined));
    return browser;
  });
  return shared;
}

/** @throws {Error} when it has ended, which it does by itself only when it crashes. */
export function expectBrowser(browser: Browser): void {
  if (!browser.isConnected()) throw new Error('Chromium has crashed, or was killed');
}

/** Ends it, if it was started. Call it in the `afterAll` of the suite. */
export async function stopBrowser(): Promise<void> {
  const browser = await shared?.catch(() => undefined);
  shared = undefined;
  await browser?.close();
}
