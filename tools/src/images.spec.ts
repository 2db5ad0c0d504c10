import { appNames, envTable } from '@parley/config';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { appFlags } from '../lib/app-flags.mjs';
import { root } from '../lib/workspace.mjs';

const read = (file: string) => readFileSync(join(root, file), 'utf8');

interface Service {
  image: string;
  build?: { args: { APP: string } };
  environment?: Record<string, string>;
  secrets?: string[];
  ports?: string[];
  deploy?: { replicas: number };
  read_only?: boolean;
  cap_drop?: string[];
  mem_limit?: string;
  pids_limit?: number;
  depends_on?: Record<string, { condition: string }>;
  healthcheck?: unknown;
  command?: string[];
}
interface Compose {
  services: Record<string, Service>;
  volumes: Record<string, unknown>;
  secrets: Record<string, { file: string }>;
}

const compose = parse(read('docker/compose.yaml'), { merge: true }) as Compose;
const dev = parse(read('docker/compose.dev.yaml'), { merge: true }) as Compose;
const services = Object.entries(compose.services);
const ours = services.filter(([, { build }]) => build !== undefined);
const dockerfile = read('docker/Dockerfile');

describe('docker/compose.yaml', () => {
  it('runs every app, and two of those that share work', () => {
    expect(ours.map(([name]) => name).sort()).toEqual([...appNames].sort());
    for (const [name, { build }] of ours) expect(build?.args.APP).toBe(name);
    const doubled = ours.filter(([, { deploy }]) => (deploy?.replicas ?? 1) >= 2).map(([name]) => name);
    expect(doubled.sort()).toEqual(['connect-gateway', 'logic', 'task-worker']);
  });

  it('sets variables that its apps read, and secrets by file alone', () => {
    for (const [name, { environment = {} }] of ours)
      for (const variable of Object.keys(environment)) {
        const known = envTable.find((row) => row.name === variable.replace(/_FILE$/, ''));
        expect(known?.paths, `${variable} of ${name}`).toHaveProperty(name);
        expect(variable.endsWith('_FILE'), variable).toBe(known?.sensitive);
      }
  });

  it('gives each service the secrets that it is told of, and no others', () => {
    for (const [name, service] of services) {
      const told = [
        ...JSON.stringify([service.environment, service.command, service.healthcheck]).matchAll(
          /\/run\/secrets\/(\w+)/g,
        ),
      ];
      expect([...new Set(told.map(([, secret]) => secret))].sort(), name).toEqual(
        [...(service.secrets ?? [])].sort(),
      );
    }
    const used = new Set(services.flatMap(([, { secrets = [] }]) => secrets));
    expect([...used].sort()).toEqual(Object.keys(compose.secrets).sort());
    const makes = read('docker/make-secrets.sh');
    for (const [name, { file }] of Object.entries(compose.secrets)) {
      expect(file).toBe(`./secrets/${name}`);
      expect(makes).toContain(`make ${name} `);
    }
  });

  it('publishes one port, of the proxy', () => {
    expect(services.filter(([, { ports }]) => ports).map(([name]) => name)).toEqual(['proxy']);
    expect(compose.services['proxy']?.ports).toHaveLength(1);
  });

  it('keeps every app read only, without capabilities, and within limits', () => {
    for (const [name, service] of ours)
      expect(service, name).toMatchObject({
        read_only: true,
        cap_drop: ['ALL'],
        pids_limit: expect.any(Number) as number,
      });
    for (const [name, { mem_limit }] of services) expect(mem_limit, name).toMatch(/^\d+[mg]$/);
  });

  it('waits for what is well, not for what is started', () => {
    for (const [name, { depends_on = {} }] of services)
      for (const [other, { condition }] of Object.entries(depends_on)) {
        expect(condition, `${name} on ${other}`).toBe('service_healthy');
        const target = compose.services[other];
        expect(target?.healthcheck ?? target?.build, other).toBeDefined();
      }
  });

  it('has a Redis that keeps what was accepted, as the one for development', () => {
    for (const { services: of } of [compose, dev]) {
      const command = of['redis']?.command?.join(' ') ?? '';
      for (const setting of ['appendonly yes', 'appendfsync always', 'maxmemory-policy noeviction'])
        expect(command).toContain(`--${setting}`);
    }
  });

  it('pins what others made to a version', () => {
    for (const [name, { image, build }] of services)
      if (!build) expect(image, name).toMatch(/^docker\.io\/library\/[a-z]+:\d+\.\d+(\.\d+)?-\w+$/);
  });
});

describe('docker/Dockerfile', () => {
  it('starts every stage from one pinned base, or from another stage', () => {
    expect(dockerfile).toMatch(/^ARG NODE_IMAGE=docker\.io\/library\/node:24\.\d+\.\d+-bookworm-slim$/m);
    const stages = [...dockerfile.matchAll(/^FROM (\S+)(?: AS (\S+))?$/gm)];
    const names = stages.map(([, , name]) => name);
    expect(stages.length).toBeGreaterThan(1);
    for (const [, from] of stages) expect(['${NODE_IMAGE}', ...names]).toContain(from);
  });

  it('ends as somebody who is not root, with a health check and a first process of Node.js alone', () => {
    const last = dockerfile.slice(dockerfile.lastIndexOf('\nFROM '));
    expect(last).toMatch(/^USER [1-9]\d*:[1-9]\d*$/m);
    expect(last).toMatch(/^HEALTHCHECK .*CMD \["node", /m);
    expect(last).toContain(`CMD ${JSON.stringify(['node', ...appFlags, 'start.mjs']).replaceAll(',', ', ')}`);
    expect(last).toMatch(/^LABEL org\.opencontainers\.image\.title=/m);
    expect(last).not.toMatch(/^COPY (?!--from=)/m);
  });

  it('copies scripts that are there', () => {
    const tree = read('tools/image-tree.mjs');
    for (const [, script] of dockerfile.matchAll(/"([a-z-]+\.mjs)"/g)) {
      expect(existsSync(join(root, 'docker', script ?? ''))).toBe(true);
      expect(tree).toContain(`docker/${script}`);
    }
  });
});

it('the builder is given nothing but what it is told of: no test, no secret, no dependency', () => {
  const lines = read('.dockerignore')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  expect(lines[0]).toBe('**');
  const given = lines.filter((line) => line.startsWith('!')).map((line) => line.slice(1));
  for (const path of given) expect(existsSync(join(root, path)), path).toBe(true);
  for (const path of given) expect(path).not.toMatch(/secrets|\.env|\.git$|\.data/);
  for (const pattern of ['**/node_modules', '**/dist', '**/*.spec.ts', '**/*-spec.ts', '**/.env*'])
    expect(lines.indexOf(pattern)).toBeGreaterThan(lines.indexOf('!libs'));
  // What the build runs is given whole: the first real build ended at an import.
  for (const script of given.filter((path) => path.endsWith('.mjs')))
    for (const [, target = ''] of read(script).matchAll(/^import .* from '(\.[^']+)'/gm))
      expect(given, script).toContain(join(script, '..', target));
  expect(read('.gitignore')).toContain('docker/secrets/');
});
