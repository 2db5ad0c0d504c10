import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { spawn, type ChildProcess } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '@parley/testing';
import { command, works, type CommandOptions } from './command.js';

/** What podman needs where neither systemd nor limits of one's own are to be had, as in a container. */
const CONFINED_CONF = `[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
`;
const HEALTH_INTERVAL_MS = 2_000;

/** Builds images and runs a compose file: Docker, or Podman behind docker-compose. */
export class Engine {
  private readonly closing: (() => void)[] = [];
  private isClosed = false;

  private constructor(
    /** As a person would call it. */
    readonly name: string,
    private readonly cli: 'docker' | 'podman',
    private readonly buildOptions: readonly string[],
    private readonly composeCommand: readonly [string, ...string[]],
    private env: Readonly<Record<string, string>>,
  ) {}

  /** @returns What can be used here, or why nothing can. One that is there and does not work counts as none. */
  static async find(): Promise<Engine | string> {
    if ((await works('docker', ['info'])) && (await works('docker', ['compose', 'version'])))
      return new Engine('docker', 'docker', [], ['docker', 'compose'], {});
    if (!(await works('podman', ['--version']))) return 'there is neither Docker (with compose) nor Podman';
    if (process.getuid?.() !== 0) return 'Podman is used as root only, and this is not root';
    if (!(await works('docker-compose', ['version'])))
      return 'Podman is here, but no docker-compose to drive it';
    return Engine.podman().catch(
      (error: unknown) => `Podman does not come up: ${String(error).split('\n')[0]}`,
    );
  }

  private static async podman(): Promise<Engine> {
    const dir = mkdtempSync(join(tmpdir(), 'parley-podman-'));
    const socket = `unix://${join(dir, 'socket')}`;
    // What there is for the machine, unless it does not do here.
    const isConfined = !(await works('systemctl', ['is-system-running', '--quiet']));
    const conf = join(dir, 'containers.conf');
    writeFileSync(conf, CONFINED_CONF);
    const env = { DOCKER_HOST: socket, ...(isConfined && { CONTAINERS_CONF: conf }) };
    const service: ChildProcess = spawn('podman', ['system', 'service', '--time', '0', socket], {
      env: { ...process.env, ...env },
      stdio: 'ignore',
    });
    const build = ['--format', 'docker', '--layers', '--isolation', 'chroot'];
    const engine = new Engine('podman', 'podman', build, ['docker-compose'], env);
    engine.closing.push(
      () => service.kill(),
      () => rmSync(dir, { recursive: true, force: true }),
    );
    try {
      await eventually(() => engine.run('--url', socket, 'version'), { timeoutMs: 30_000, intervalMs: 500 });
    } catch (error) {
      engine.close();
      throw error;
    }
    if (isConfined) void engine.askForHealth();
    return engine;
  }

  /** A command of the engine, by its words. */
  run(...args: readonly string[]): Promise<string> {
    return command(this.cli, args, { env: this.env });
  }

  /** Lists or removes something: that is done by who was interrupted, too. */
  clean(...args: readonly string[]): Promise<string> {
    return command(this.cli, args, { env: this.env, cleansUp: true });
  }

  /** @returns Whether a registry had it in time. */
  pull(image: string, timeoutMs: number): Promise<boolean> {
    return works(this.cli, ['pull', '-q', image], { env: this.env, timeoutMs });
  }

  /** A command of compose. */
  compose(args: readonly string[], options: CommandOptions = {}): Promise<string> {
    const [program, ...first] = this.composeCommand;
    return command(program, [...first, ...args], { ...options, env: { ...this.env, ...options.env } });
  }

  /** Builds an image. One that fails, or is ended, leaves nothing but its finished layers. */
  async build(args: readonly string[], timeoutMs: number): Promise<void> {
    const before = await this.workingContainers();
    try {
      await command(this.cli, ['build', ...this.buildOptions, ...args], { env: this.env, timeoutMs });
    } catch (error) {
      for (const one of await this.workingContainers())
        if (!before.includes(one)) await this.clean('rm', '-f', one).catch(() => undefined);
      throw error;
    }
  }

  /** In which Podman builds; it forgets them when a build is ended. */
  private async workingContainers(): Promise<readonly string[]> {
    if (this.cli !== 'podman') return [];
    const list = ['ps', '-a', '--external', '--format', '{{.ID}} {{.Status}}'] as const;
    // It fails when one goes while it is looking.
    const listed = await eventually(() => this.clean(...list), { timeoutMs: 20_000, intervalMs: 500 });
    return listed
      .split('\n')
      .filter((line) => /\bstorage$/i.test(line))
      .map((line) => line.split(' ')[0] ?? '');
  }

  /** @returns Its size in bytes; undefined when there is no such image here. */
  async sizeOf(image: string): Promise<number | undefined> {
    const size = await this.run('image', 'inspect', '--format', '{{.Size}}', image).catch(() => undefined);
    return size === undefined ? undefined : Number(size);
  }

  close(): void {
    this.isClosed = true;
    for (const close of this.closing) close();
  }

  /** Without systemd nobody runs the health checks of podman's containers. */
  private async askForHealth(): Promise<void> {
    while (!this.isClosed) {
      const names = (await this.run('ps', '--format', '{{.Names}}').catch(() => ''))
        .split('\n')
        .filter(Boolean);
      for (const name of names) {
        if (this.isClosed) return;
        const status = await this.run('inspect', '--format', '{{.State.Health.Status}}', name).catch(
          () => '',
        );
        if (status === 'starting' || status === 'unhealthy')
          await this.run('healthcheck', 'run', name).catch(() => undefined);
      }
      await new Promise((resolve) => setTimeout(resolve, HEALTH_INTERVAL_MS));
    }
  }
}
