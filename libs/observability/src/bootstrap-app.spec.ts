import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { eventually } from '@parley/testing';
import { rolldown } from 'rolldown';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '../../..');
type Line = Record<string, unknown> & { msg: string };

// Below node_modules, so that what is not packed is found from there.
const dir = join(root, 'node_modules/.cache/parley/observability', String(process.pid));
/** The fixture with its npm packages, in one file: most of a start would be finding and reading a thousand small ones. */
const fixture = join(dir, 'bootstrap-app.mjs');
/** Loaded by a name that is known at run time only. */
const unpackable = /^(node:|pino|pino-pretty)(\/|$)/;

beforeAll(async () => {
  const bundle = await rolldown({
    input: join(import.meta.dirname, 'bootstrap-app.fixture.ts'),
    platform: 'node',
    tsconfig: join(root, 'tools/tsconfig.json'),
    resolve: { extensionAlias: { '.js': ['.ts', '.js'] } },
    external: (id) => unpackable.test(id),
    // Nest asks for adapters that nobody has installed; at run time it does not find them either.
    onLog: () => undefined,
  });
  await bundle.write({ file: fixture, format: 'esm', codeSplitting: false });
  await bundle.close();
});
afterAll(() => rm(dir, { recursive: true, force: true }));

/** A real process, as signals and exit codes are what is tested. */
class FixtureProcess {
  readonly lines: Line[] = [];
  readonly child: ChildProcess;
  private readonly exited: Promise<number | null>;

  constructor(...args: string[]) {
    this.child = spawn(process.execPath, ['--enable-source-maps', fixture, ...args], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    });
    if (!this.child.stdout) throw new Error('no output');
    // The output outlives the process by what is still in the pipe. ('close' would wait for both, but never comes
    // after `disconnect()`.)
    const output = once(this.child.stdout, 'close');
    this.exited = once(this.child, 'exit').then(([code]) => output.then(() => code as number | null));
    createInterface(this.child.stdout).on('line', (line) => this.lines.push(JSON.parse(line) as Line));
  }

  async line(msg: string): Promise<Line> {
    const found = await eventually(
      () => {
        const line = this.lines.find((one) => one.msg === msg);
        if (line) return line;
        if (this.child.exitCode === null && this.child.signalCode === null)
          throw new Error(`no line "${msg}"`);
        return undefined;
      },
      { timeoutMs: 100_000 },
    );
    if (found) return found;
    await this.exited;
    const last = this.lines.find((line) => line.msg === msg);
    if (!last) throw new Error(`exited without the line "${msg}": ${JSON.stringify(this.lines)}`);
    return last;
  }

  async url(path: string): Promise<string> {
    return `http://127.0.0.1:${await this.port()}${path}`;
  }

  async port(): Promise<number> {
    return ((await this.line('ready')).ports as { http: number }).http;
  }

  get exitCode(): Promise<number | null> {
    return this.exited;
  }
}

const running: FixtureProcess[] = [];
function start(...args: string[]): FixtureProcess {
  const fixture = new FixtureProcess(...args);
  running.push(fixture);
  return fixture;
}

afterEach(async () => {
  for (const { child, exitCode } of running.splice(0)) {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    await exitCode;
  }
});

describe('bootstrapApp', () => {
  it('says ready once, answers health and metrics, and on SIGTERM drains in order and exits 0', async () => {
    const app = start();
    const ready = await app.line('ready');
    expect(ready).toMatchObject({
      service: 'fixture',
      instanceId: 'fixture-1',
      pid: app.child.pid,
      level: 30,
    });
    expect(ready.ports).toEqual({ http: expect.any(Number) as number, tcp: 4242 });
    expect((await fetch(await app.url('/health/live'))).status).toBe(200);
    expect(await (await fetch(await app.url('/health/ready'))).json()).toEqual({ status: 'ready' });
    expect(await (await fetch(await app.url('/metrics'))).text()).toContain('process_cpu_seconds_total');

    app.child.kill('SIGTERM');
    expect(await app.exitCode).toBe(0);
    expect(app.lines.filter(({ msg }) => msg === 'hook').map(({ hook }) => hook)).toEqual([
      'app',
      'second',
      'first',
    ]);
    expect(app.lines.filter(({ msg }) => msg === 'ready')).toHaveLength(1);
    // The last line written is there: nothing is lost at the exit.
    expect(app.lines.at(-1)?.msg).toBe('stopped');
  });

  it('says ready whatever the log level, and keeps secrets and the chatter of the framework out', async () => {
    const quiet = start('normal', 'error');
    await quiet.line('ready');
    expect(quiet.lines.map(({ msg }) => msg)).toEqual(['ready']);
    const app = start();
    await app.line('ready');
    expect(await app.line('listening')).toMatchObject({ authToken: '[redacted]', context: 'Fixture' });
    expect(app.lines.filter(({ context }) => context === 'RouterExplorer')).toEqual([]);
  });

  it('lets a request in hand finish before anything is closed', async () => {
    // Regression: Nest destroys modules before it closes the HTTP server, so the answer found its RPC client gone.
    const app = start();
    const answer = fetch(await app.url('/fixture/held'));
    await app.line('held');
    app.child.kill('SIGTERM');
    expect(await (await answer).json()).toEqual({ closed: false });
    expect(await app.exitCode).toBe(0);
  });

  it('runs a request under its correlation id, even when the body comes in a later packet', async () => {
    const app = start();
    const post = async (header: string) => {
      const socket = connect(await app.port(), '127.0.0.1');
      let reply = '';
      socket.setEncoding('utf8').on('data', (chunk: string) => (reply += chunk));
      socket.write(
        `POST /fixture/echo HTTP/1.1\r\nhost: x\r\nconnection: close\r\n${header}content-type: application/json\r\ncontent-length: 2\r\nexpect: 100-continue\r\n\r\n`,
      );
      // The head has been handled when the server asks for the body.
      await eventually(() => expect(reply).toContain('100 Continue'));
      socket.end('{}');
      await once(socket, 'close');
      return (JSON.parse(reply.slice(reply.indexOf('{'))) as { id: string }).id;
    };
    expect(await post('x-request-id: request-0001\r\n')).toBe('request-0001');
    expect(await post('x-request-id: no good\r\n')).toMatch(/^[0-9a-f-]{36}$/);
  });

  // A body that did not come kept its connection for ever.
  it.each([
    ['nothing', ''],
    ['half a head', 'POST /fixture/echo HTTP/1.1\r\nhost: x\r\n'],
    [
      'half a body',
      'POST /fixture/echo HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{',
    ],
  ])('closes a connection on which %s comes and no more', async (_name, text) => {
    const app = start('impatient');
    const socket = connect(await app.port(), '127.0.0.1');
    let reply = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => (reply += chunk));
    socket.write(text);
    await once(socket, 'close');
    expect(reply).toMatch(/^HTTP\/1.1 408 /);
  });

  it.each([
    ['reject', 'unhandledRejection'],
    ['throw', 'uncaughtException'],
  ])('says fatal once and exits 1 when an error is handled by nobody: %s', async (path, event) => {
    const app = start();
    await fetch(await app.url(`/fixture/${path}`)).catch(() => undefined);
    expect(await app.exitCode).toBe(1);
    expect(app.lines.filter(({ level }) => level === 60)).toEqual([
      expect.objectContaining({ msg: 'fatal', event }),
    ]);
    expect(JSON.stringify(app.lines)).not.toContain('hunter2');
  });

  it('exits 1 with one line when it cannot start', async () => {
    const app = start('fails');
    expect(await app.exitCode).toBe(1);
    expect(await app.line('fatal')).toMatchObject({ event: 'start', err: { message: 'cannot start' } });
  });

  it('goes on without a drain that does not end', async () => {
    const app = start('stuck-drain');
    await app.line('ready');
    app.child.kill('SIGTERM');
    expect(await app.exitCode).toBe(0);
    expect(await app.line('drain is late')).toMatchObject({ hook: 'app' });
  });

  it('exits 1 when closing does not end', async () => {
    const app = start('stuck-close');
    await app.line('ready');
    app.child.kill('SIGTERM');
    expect(await app.exitCode).toBe(1);
    expect(await app.line('stopping took too long')).toMatchObject({ level: 60 });
  });

  it('is not ready when it was stopped while it started', async () => {
    // Regression: the start went on and announced `ready` in the middle of the drain.
    const app = start('slow-start');
    await app.line('starting slowly');
    app.child.kill('SIGTERM');
    expect(await app.exitCode).toBe(0);
    expect(app.lines.some(({ msg }) => msg === 'ready')).toBe(false);
  });

  it('stops when its supervisor is gone, if it has one', async () => {
    const [supervised, alone] = [start('normal', 'info', 'supervised'), start()];
    await Promise.all([supervised.line('ready'), alone.line('ready')]);
    alone.child.disconnect();
    supervised.child.disconnect();
    expect(await supervised.exitCode).toBe(0);
    expect((await fetch(await alone.url('/health/ready'))).status).toBe(200);
  });
});
