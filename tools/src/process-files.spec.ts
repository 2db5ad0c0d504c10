import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '@parley/testing';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { jwtSecret } from '../lib/jwt-secret.mjs';
import { isAlive, processIdentity } from '../lib/process-info.mjs';
import { runCommand } from '../lib/run-command.mjs';
import { acquireStartLock } from '../lib/start-lock.mjs';

/** A process may take half a minute to start on a busy machine. */
const PATIENT = { timeoutMs: 60_000 };

function folder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'parley-tools-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

describe('start lock', () => {
  it('refuses a second start while the first lives, and not after its release', () => {
    const dir = folder();
    const release = acquireStartLock(dir);
    expect(() => acquireStartLock(dir)).toThrow(`already running from this folder (pid ${process.pid})`);
    release();
    acquireStartLock(dir)();
  });

  // A pid is given to somebody else after a while: a lock that only looked at the pid could not be taken any more.
  it('takes over a lock whose pid belongs to another process by now', () => {
    const dir = folder();
    writeFileSync(join(dir, 'start.lock'), JSON.stringify({ pid: process.pid, identity: 'earlier boot:1' }));
    acquireStartLock(dir)();
  });

  it('is refused while another living process holds it, and taken over when that has ended', async () => {
    const dir = folder();
    const other = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
    const pid = other.pid ?? 0;
    writeFileSync(join(dir, 'start.lock'), JSON.stringify({ pid, identity: processIdentity(pid) }));
    expect(() => acquireStartLock(dir)).toThrow(`kill ${pid}`);
    const ended = new Promise((resolve) => other.once('exit', resolve));
    other.kill('SIGKILL');
    await ended;
    const release = acquireStartLock(dir);
    expect(JSON.parse(readFileSync(join(dir, 'start.lock'), 'utf8'))).toEqual({
      pid: process.pid,
      identity: processIdentity(process.pid),
    });
    release();
  });

  it('leaves nothing behind in its folder, whether it was taken, refused, or taken over', () => {
    const dir = join(folder(), 'made/when/needed');
    const release = acquireStartLock(dir);
    expect(() => acquireStartLock(dir)).toThrow();
    expect(readdirSync(dir)).toEqual(['start.lock']);
    release();
    writeFileSync(join(dir, 'start.lock'), 'damaged');
    acquireStartLock(dir)();
    expect(readdirSync(dir)).toEqual([]);
  });

  it('is released by its holder only, also twice', () => {
    const dir = folder();
    const release = acquireStartLock(dir);
    release();
    release();
    writeFileSync(join(dir, 'start.lock'), 'of another one by now');
    release();
    expect(readFileSync(join(dir, 'start.lock'), 'utf8')).toBe('of another one by now');
  });

  it.each(['', '{', '{"pid":"x"}'])('takes over a damaged lock %j', (text) => {
    const dir = folder();
    writeFileSync(join(dir, 'start.lock'), text);
    acquireStartLock(dir)();
  });
});

describe('process identity', () => {
  it('is stable while a process lives and gone with it', async () => {
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
    const pid = child.pid ?? 0;
    expect(processIdentity(pid)).toBe(processIdentity(pid));
    expect(processIdentity(pid)).not.toBe(processIdentity(process.pid));
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
    expect(processIdentity(pid)).toBeUndefined();
  });
});

describe('jwt secret', () => {
  it('is made once, long, and readable by its owner only', () => {
    const dir = join(folder(), 'data');
    const secret = jwtSecret(dir);
    expect(secret.length).toBeGreaterThanOrEqual(64);
    expect(jwtSecret(dir)).toBe(secret);
    expect(statSync(join(dir, 'jwt-secret')).mode & 0o777).toBe(0o600);
  });
});

describe('an interrupted tool', () => {
  // Ctrl-C while a Redis was looked for ended the first way of getting one, and the next was tried.
  it('ends the commands under way and begins no others', async () => {
    vi.resetModules();
    const { endRunningCommands, runCommand } = await import('../lib/run-command.mjs');
    const dir = folder();
    const started = join(dir, 'started');
    const script = `require('fs').writeFileSync(${JSON.stringify(started)}, ''); setInterval(() => {}, 1000)`;
    const underWay = runCommand(process.execPath, ['-e', script]);
    await eventually(() => expect(statSync(started).isFile()).toBe(true), PATIENT);
    await endRunningCommands();
    expect(await underWay).toMatchObject({ ok: false, timedOut: false });
    expect(await runCommand(process.execPath, ['-e', ''])).toMatchObject({
      ok: false,
      output: 'interrupted\n',
    });
  });
});

describe('runCommand', () => {
  it('reports output and exit code, and a command that does not exist', async () => {
    const script = 'console.log("out"); console.error("err"); process.exitCode = 3';
    expect(await runCommand(process.execPath, ['-e', script])).toMatchObject({
      ok: false,
      code: 3,
      timedOut: false,
    });
    expect(await runCommand('/nonexistent/x', [])).toMatchObject({ ok: false, code: null });
  });

  // Nx gives its tasks sessions of their own: ending the process group alone left them running.
  it('ends the whole tree at its time limit, also what left the process group and ignores SIGTERM', async () => {
    const dir = folder();
    const grandchild = `process.on('SIGTERM', () => {}); require('fs').writeFileSync(${JSON.stringify(join(dir, 'pid'))}, String(process.pid)); setInterval(() => {}, 1000)`;
    const script = `require('child_process').spawn(process.execPath, ['-e', ${JSON.stringify(grandchild)}], { detached: true, stdio: 'ignore' }); setInterval(() => {}, 1000)`;
    // The limit comes when the tree stands, however long that takes.
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const running = runCommand(process.execPath, ['-e', script], { timeoutMs: 5_000 });
    const pid = await eventually(() => {
      const text = readFileSync(join(dir, 'pid'), 'utf8');
      expect(text).toMatch(/^\d+$/);
      return Number(text);
    }, PATIENT);
    vi.advanceTimersByTime(5_000);
    vi.useRealTimers();
    expect(await running).toMatchObject({ ok: false, timedOut: true });
    await eventually(() => expect(isAlive(pid)).toBe(false), PATIENT);
  });
});
