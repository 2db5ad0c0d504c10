import { appNames, envTable, type AppName } from '@parley/config';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parse } from 'yaml';
import { findExecutable } from '../lib/find-executable.mjs';
import { root } from '../lib/workspace.mjs';

const folder = path.join(root, 'docker');
const read = (name: string) =>
  parse(readFileSync(path.join(folder, name), 'utf8'), { merge: true }) as unknown;

interface Service {
  image?: string;
  environment?: Record<string, string>;
  secrets?: string[];
  ports?: string[];
  volumes?: string[];
  mem_limit?: string;
  command?: string[];
}
interface Compose {
  name?: string;
  services: Record<string, Service>;
  secrets: Record<string, unknown>;
  volumes: Record<string, unknown>;
}
const whole = read('compose.yaml') as Compose;
const beside = read('compose.observability.yaml') as Compose;
const others = Object.entries(beside.services).filter(
  ([name]) => !(appNames as readonly string[]).includes(name),
);

describe('docker/compose.observability.yaml', () => {
  it('watches every app of the set, by variables that it reads, and secrets by file alone', () => {
    for (const app of appNames) {
      expect(whole.services, app).toHaveProperty(app);
      const { environment = {}, image } = beside.services[app] ?? {};
      expect(image).toBeUndefined();
      expect(Object.keys(environment)).toEqual(
        expect.arrayContaining(['PARLEY_METRICS_TOKEN_FILE', 'PARLEY_TRACE_URL']),
      );
      for (const variable of Object.keys(environment)) {
        const known = envTable.find(({ name }) => name === variable.replace(/_FILE$/, ''));
        expect(known?.paths, `${variable} of ${app}`).toHaveProperty(app);
      }
    }
  });

  it('has what its services are told to mount, and shows itself to this machine only', () => {
    for (const [name, { volumes = [], ports = [], mem_limit, image }] of others) {
      for (const [source = ''] of volumes.map((volume) => volume.split(':')))
        if (source.startsWith('.')) expect(existsSync(path.join(folder, source)), source).toBe(true);
        else expect(beside.volumes, name).toHaveProperty(source);
      for (const port of ports) expect(port, name).toMatch(/^127\.0\.0\.1:/);
      expect(mem_limit, name).toMatch(/^\d+[mg]$/);
      expect(image, name).toMatch(/^docker\.io\/[a-z/]+:v?\d+\.\d+\.\d+$/);
    }
    for (const { secrets = [] } of Object.values(beside.services))
      for (const secret of secrets) expect(beside.secrets).toHaveProperty(secret);
  });

  it('sends traces and questions to services that are there', () => {
    const hosts = [
      ...JSON.stringify([beside, read('grafana/provisioning/datasources/parley.yaml')]).matchAll(
        /http:\/\/([a-z]+):\d+/g,
      ),
    ];
    expect(hosts.length).toBeGreaterThan(1);
    for (const [, host = ''] of hosts) expect(beside.services).toHaveProperty(host);
  });

  it.skipIf(!findExecutable('docker-compose'))(
    'is one set with compose.yaml, as docker-compose reads them',
    () => {
      const place = mkdtempSync(path.join(tmpdir(), 'parley-compose-'));
      onTestFinished(() => rmSync(place, { recursive: true }));
      // Its first version wants to be told the format, and knows no name and no extensions beside services.
      const files = [whole, beside].map(({ services, secrets, volumes }, i) => {
        const file = path.join(place, `${i}.json`);
        writeFileSync(file, JSON.stringify({ version: '3.9', services, secrets, volumes }));
        return file;
      });
      const args = files.flatMap((file) => ['-f', file]);
      const printed = execFileSync('docker-compose', [...args, 'config'], {
        encoding: 'utf8',
        env: { ...process.env, GRAFANA_PASSWORD: 'not the real one' },
      });
      const { services } = parse(printed) as Compose;
      expect(Object.keys(services).sort()).toEqual(
        [...new Set([...Object.keys(whole.services), ...Object.keys(beside.services)])].sort(),
      );
      // Added to what an app has, in place of nothing.
      expect(services['logic']?.environment).toMatchObject({
        PARLEY_DATABASE_URL_FILE: '/run/secrets/database_url',
        PARLEY_METRICS_TOKEN_FILE: '/run/secrets/parley_metrics_token',
      });
    },
  );
});

describe('docker/prometheus/prometheus.yaml', () => {
  interface Job {
    job_name: AppName;
    authorization: { credentials_file: string };
    dns_sd_configs: { names: string[]; port: number }[];
  }
  const { scrape_configs: jobs, rule_files: rules } = read('prometheus/prometheus.yaml') as {
    scrape_configs: Job[];
    rule_files: string[];
  };
  const prometheus = beside.services['prometheus'];

  it('asks every app where it tells its metrics, with the token', () => {
    expect(jobs.map(({ job_name }) => job_name).sort()).toEqual([...appNames].sort());
    const usual: Partial<Record<AppName, number>> = {
      'gateway-api': 7070,
      'connect-gateway': 7000,
      web: 8080,
    };
    for (const { job_name: app, authorization, dns_sd_configs } of jobs) {
      const admin = beside.services[app]?.environment?.['PARLEY_ADMIN_PORT'];
      expect(dns_sd_configs, app).toEqual([{ names: [app], type: 'A', port: usual[app] ?? Number(admin) }]);
      expect(prometheus?.secrets).toContain(path.basename(authorization.credentials_file));
    }
  });

  it('finds its rules where they are mounted', () => {
    for (const file of rules) expect(prometheus?.volumes?.join('\n')).toContain(`:${file}:ro`);
  });

  it.skipIf(!findExecutable('promtool'))('is right by its own tool, and so are the rules', () => {
    const promtool = (...args: string[]) => execFileSync('promtool', args, { cwd: folder, encoding: 'utf8' });
    expect(promtool('check', 'config', '--syntax-only', 'prometheus/prometheus.yaml')).toMatch(/SUCCESS/);
    expect(promtool('check', 'rules', 'prometheus/alerts.yaml')).toMatch(/SUCCESS/);
  });
});
