import { cpus } from 'node:os';
import { chromium, type Browser } from 'playwright-core';
import { findChromium } from '../lib/chromium.mjs';
import { measureBusyRoom } from './busy-room.js';
import type { WebOptions } from './figure.js';
import { measureFirstLoad } from './first-load.js';

/** Measures the site in a real browser on a slow machine, and prints a table. @returns Whether all is within its bounds. */
export async function measureWeb(options: WebOptions): Promise<boolean> {
  const browser = await chromium.launch({
    executablePath: await findChromium(),
    args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-background-networking', '--no-first-run'],
  });
  try {
    console.log(
      `machine        ${cpus().length} x ${cpus()[0]?.model ?? '?'}, Chromium ${browser.version()}, ${options.slowdown}x slower`,
    );
    return await measured(browser, options);
  } finally {
    await browser.close();
  }
}

async function measured(browser: Browser, options: WebOptions): Promise<boolean> {
  const figures = [
    ...(await measureFirstLoad(browser, options)),
    ...(await measureBusyRoom(browser, options)),
  ];
  for (const { name, value, unit, most } of figures) {
    const bound = most === undefined ? '' : value <= most ? `at most ${most}` : `at most ${most}  ✗`;
    console.log(
      `${name.padEnd(46)}${`${value.toFixed(unit === 'kB' ? 1 : 0)} ${unit}`.padStart(10)}  ${bound}`,
    );
  }
  return figures.every(({ value, most }) => most === undefined || value <= most);
}
