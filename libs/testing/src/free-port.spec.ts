import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { freePort } from './free-port.js';

const claimOf = (port: number) => join(tmpdir(), `parley-ports-${userInfo().uid}`, String(port));

/** A random number that leads to a port, and the next one after it. */
function draws(...ports: number[]): void {
  const random = vi.spyOn(Math, 'random');
  for (const port of ports) random.mockReturnValueOnce((port - 10_240 + 0.5) / (32_767 - 10_240 + 1));
}

describe('freePort', () => {
  // Processes that are killed and come back found their port taken by another suite, which had drawn it meanwhile.
  it('is had by one process as long as that lives, whether or not it listens', async () => {
    const port = await freePort();
    expect(readFileSync(claimOf(port), 'utf8')).toBe(String(process.pid));
    draws(port, port, port + 1);
    expect(await freePort()).not.toBe(port);
  });

  it('can be had again when whoever had it was killed', async () => {
    const gone = spawn(process.execPath, ['-e', '']);
    await once(gone, 'exit');
    const port = await freePort();
    writeFileSync(claimOf(port), String(gone.pid));
    draws(port, port);
    expect(await freePort()).toBe(port);
  });

  it('is let go at the end of the process', async () => {
    const source = `import { freePort } from ${JSON.stringify(new URL('./free-port.ts', import.meta.url).href)};
      console.log(await freePort());`;
    const loader = new URL('./typescript-loader.fixture.mjs', import.meta.url).href;
    const other = spawn(process.execPath, ['--import', loader, '--input-type=module', '-e', source]);
    const said: string[] = [];
    other.stdout.on('data', (text) => said.push(String(text)));
    other.stderr.on('data', (text) => said.push(String(text)));
    await once(other, 'close');
    expect(said.join('')).toMatch(/^\d+\n$/);
    expect(existsSync(claimOf(Number(said.join(''))))).toBe(false);
  });
});
