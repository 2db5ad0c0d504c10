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

  /** @returns What can be used here, or why nothing can. */
  static async find(): Promise<Engine | string> {
    if ((await works('docker', ['info'])) && (await works('docker', ['compose', 'version'])))
      return new Engine('docker', 'docker', [], ['docker', 'compose'], {});
    if (!(await works('podman', ['--version']))) return 'there is neither Docker (with compose) nor Podman';
    if (process.getuid?.() !== 0) return 'Podman is used as root only, and this is not root';
    if (!(await works('docker-compose', ['version'])))
      return 'Podman is here, but no docker-compose to drive it';
    return Engine.podman();
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
    await eventually(() => engine.run('--url', socket, 'version'), { timeoutMs: 30_000, intervalMs: 500 });
    if (isConfined) void engine.askForHealth();
    return engine;
  }

  /** A command of the engine, by its words. */
  run(...args: readonly string[]): Promise<string> {
    return command(this.cli, args, { env: this.env });
  }

  /** A command of compose. */
  compose(args: readonly string[], options: CommandOptions = {}): Promise<string> {
    const [program, ...first] = this.composeCommand;
    return command(program, [...first, ...args], { ...options, env: { ...this.env, ...options.env } });
  }

  async build(args: readonly string[], timeoutMs: number): Promise<void> {
    await command(this.cli, ['build', ...this.buildOptions, ...args], { env: this.env, timeoutMs });
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
