import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { LinkFolder } from './link-folder.js';
import { emptyFolder } from './links.fixture.js';

/** A socket of a process that was killed: nobody listens, and nobody has removed it. */
async function leave(path: string): Promise<void> {
  const code = `require('node:net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
  await once(spawn(process.execPath, ['-e', code]), 'exit');
  expect(existsSync(path)).toBe(true);
}

async function listen(path: string): Promise<void> {
  const server = createServer().listen(path);
  onTestFinished(() => void server.close());
  await once(server, 'listening');
}

describe('a folder of links', () => {
  it('is made for this user alone, and taken again', () => {
    const path = join(emptyFolder(), 'a', 'b');
    for (let n = 0; n < 2; n++) expect(LinkFolder.open(path)).toBeDefined();
    expect(statSync(path).mode & 0o777).toBe(0o700);
  });

  it('is one of this user’s among temporary files when none is named', () => {
    expect(LinkFolder.open()?.pathOf('a')).toContain(`parley-${process.getuid?.()}`);
  });

  // Whoever may enter may call: as anybody.
  it.each([0o701, 0o710, 0o722, 0o755])('is refused where others may enter (%o)', (mode) => {
    const path = emptyFolder();
    chmodSync(path, mode);
    expect(() => LinkFolder.open(path)).toThrow('this user alone');
  });

  it('is refused where it leads elsewhere, is a file, or cannot be made', () => {
    const path = emptyFolder();
    mkdirSync(join(path, 'real'), { mode: 0o700 });
    symlinkSync(join(path, 'real'), join(path, 'link'));
    writeFileSync(join(path, 'file'), '');
    for (const name of ['link', 'file', 'file/below'])
      expect(() => LinkFolder.open(join(path, name))).toThrow();
  });

  it('is refused where its name is longer than a socket’s may be', () => {
    const path = emptyFolder();
    expect(() => LinkFolder.open(join(path, 'x'.repeat(100)))).toThrow('too long');
  });

  it('gives each channel a socket of its own, always the same', () => {
    const path = emptyFolder();
    const paths = ['p:rpc:logic:a', 'p:rpc:logic:b', 'q:rpc:logic:a'].map((channel) =>
      LinkFolder.open(path)?.pathOf(channel),
    );
    expect(new Set(paths).size).toBe(3);
    expect(LinkFolder.open(path)?.pathOf('p:rpc:logic:a')).toBe(paths[0]);
  });
});

describe('sweeping', () => {
  const old = (path: string) => utimesSync(path, new Date(1_000), new Date(1_000));

  it('removes the sockets of who was killed, and nothing else', async () => {
    const path = emptyFolder();
    const folder = LinkFolder.open(path) as LinkFolder;
    const named = (name: string) => folder.pathOf(name);
    await Promise.all([
      leave(named('killed')),
      leave(named('just made')),
      listen(named('alive')),
      listen(named('own')),
    ]);
    writeFileSync(join(path, 'notes.txt'), 'of somebody');
    for (const file of [named('killed'), named('alive'), join(path, 'notes.txt')]) old(file);
    await folder.sweep(named('own'));
    expect(existsSync(named('killed'))).toBe(false);
    for (const name of ['just made', 'alive', 'own']) expect(existsSync(named(name)), name).toBe(true);
    expect(existsSync(join(path, 'notes.txt'))).toBe(true);
  });

  it('bears that others sweep at the same time', async () => {
    const folder = LinkFolder.open(emptyFolder()) as LinkFolder;
    await listen(folder.pathOf('own'));
    for (const name of ['a', 'b', 'c']) {
      await leave(folder.pathOf(name));
      old(folder.pathOf(name));
    }
    rmSync(folder.pathOf('b'));
    await Promise.all([1, 2, 3].map(() => folder.sweep(folder.pathOf('own'))));
    expect(existsSync(folder.pathOf('a'))).toBe(false);
  });
});
