import { appNames, envTable, loadConfig, type AppName } from '@parley/config';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { findExecutable } from '../lib/find-executable.mjs';
import { root } from '../lib/workspace.mjs';
import { patched, type PatchStep } from './testing/json-patch.js';
import { schemaProblems, type Manifest } from './testing/kubernetes-schemas.js';

const folder = path.join(root, 'docker/kubernetes');
const read = (...names: string[]) => readFileSync(path.join(folder, ...names), 'utf8');
const documents = (text: string) => parseAllDocuments(text).map((one) => one.toJS() as Manifest);
/** The compiler reads the types of all Kubernetes. */
const COMPILER_TIMEOUT_MS = 60_000;

interface Container {
  name: string;
  image: string;
  env: { name: string; value?: string; valueFrom?: unknown }[];
  ports: { name: string; containerPort: number }[];
  securityContext: object;
  lifecycle?: object;
  resources: object;
  volumeMounts: { name: string; mountPath: string }[];
  [probe: `${string}Probe`]: { httpGet: { path: string; port: string; scheme?: string } };
}
interface Workload extends Manifest {
  spec: {
    template: {
      spec: {
        containers: [Container];
        terminationGracePeriodSeconds: number;
        securityContext: object;
        tolerations: { key: string; tolerationSeconds: number }[];
      };
    };
  };
}

function manifestsOf(part: string): Manifest[] {
  const { resources } = parse(read(part, 'kustomization.yaml')) as { resources: string[] };
  return resources.flatMap((name) => documents(read(part, name)));
}
const all = [...manifestsOf('base'), ...manifestsOf('monitoring'), ...manifestsOf('tracing')];
const ofKind = <T extends Manifest>(kind: string) => all.filter((manifest) => manifest.kind === kind) as T[];
const named = <T extends Manifest>(kind: string, name: string) => {
  const found = ofKind<T>(kind).find(({ metadata }) => metadata.name === name);
  if (!found) throw new Error(`there is no ${kind} ${name}`);
  return found;
};
const containerOf = (app: AppName) => named<Workload>('Deployment', app).spec.template.spec.containers[0];
const settings = Object.fromEntries(
  read('base/settings.env')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
) as Record<string, string>;

describe('manifests for Kubernetes', () => {
  it('are as its schemas say', { timeout: COMPILER_TIMEOUT_MS }, () => {
    // With the components, which change them: the compiler is asked once.
    expect(schemaProblems([...all, ...withComponent('tls'), ...withComponent('tracing')])).toEqual([]);
    const [first] = structuredClone(ofKind<Workload>('Deployment'));
    if (!first) throw new Error('no Deployment');
    Object.assign(first.spec.template.spec.containers[0], {
      readinesProbe: {},
      imagePullPolicy: 'Sometimes',
    });
    expect(schemaProblems([first]).join('\n')).toMatch(/readinesProbe|Sometimes/);
  });

  it.skipIf(!findExecutable('kubectl'))(
    'are as its schemas say in the example, as kustomize builds it',
    { timeout: COMPILER_TIMEOUT_MS },
    () => {
      const built = execFileSync('kubectl', ['kustomize', path.join(folder, 'example')], {
        encoding: 'utf8',
      });
      expect(built).not.toContain('chat.example.org');
      expect(schemaProblems(documents(built))).toEqual([]);
    },
  );

  it('run every app, two of each at least, one at a time given up', () => {
    expect(
      ofKind('Deployment')
        .map(({ metadata }) => metadata.name)
        .sort(),
    ).toEqual([...appNames].sort());
    for (const app of appNames) {
      expect(named('PodDisruptionBudget', app)).toMatchObject({ spec: { maxUnavailable: 1 } });
      expect(named('HorizontalPodAutoscaler', app)).toMatchObject({
        spec: { minReplicas: 2, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: app } },
      });
    }
  });

  it('scale gateways by a metric that they have', () => {
    const text = JSON.stringify(named('HorizontalPodAutoscaler', 'connect-gateway'));
    const name = /"metric":\{"name":"(\w+)"/.exec(text)?.[1];
    const source = readFileSync(path.join(root, 'apps/connect-gateway/src/gateway-metrics.ts'), 'utf8');
    expect(source).toContain(`name: '${name}'`);
  });

  it.each(appNames)('give %s variables that it reads, and secrets by reference only', (app) => {
    const { env } = containerOf(app);
    for (const { name, value } of env) {
      const variable = envTable.find((known) => known.name === name);
      expect(variable?.paths[app], name).toBeDefined();
      if (variable?.sensitive) expect(value, name).toBeUndefined();
    }
    for (const name of Object.keys(settings)) {
      const variable = envTable.find((known) => known.name === name);
      expect(variable, name).toBeDefined();
      expect(variable?.sensitive, name).toBe(false);
    }
  });

  it.each(appNames)('let %s start: all that prod asks for is there', (app) => {
    const secrets: Record<string, string> = {
      PARLEY_REDIS_URL: 'rediss://:3f1c9aa07b@redis.example.org:6379',
      PARLEY_DATABASE_URL: 'postgres://parley:3f1c9aa07b@sql.example.org/parley',
    };
    const env = Object.fromEntries(
      containerOf(app).env.map(({ name, value }) => [
        name,
        value ?? secrets[name] ?? 'Vq3nZr8sKx1tYb6wLd0fHj5mPc2gRu7e',
      ]),
    );
    expect(() => loadConfig(app, { env: { ...settings, ...env }, root })).not.toThrow();
  });

  it.each(appNames)('ask %s for its health where it listens', (app) => {
    const { ports, env, startupProbe, livenessProbe, readinessProbe } = containerOf(app);
    const [port] = ports;
    expect(
      env.some(({ name, value }) => name.endsWith('_PORT') && value === String(port?.containerPort)),
    ).toBe(true);
    for (const probe of [startupProbe, livenessProbe])
      expect(probe?.httpGet).toEqual({ path: '/health/live', port: port?.name });
    expect(readinessProbe?.httpGet).toEqual({ path: '/health/ready', port: port?.name });
    expect(named('Service', app)).toMatchObject({
      spec: { ports: [{ name: port?.name, port: port?.containerPort, targetPort: port?.name }] },
    });
    const endpoints = (
      named('ServiceMonitor', 'parley') as unknown as { spec: { endpoints: { port: string }[] } }
    ).spec.endpoints;
    expect(endpoints.map((endpoint) => endpoint.port)).toContain(port?.name);
  });

  it.each(appNames)('give %s time to drain, and nothing that it could break out with', (app) => {
    const { spec } = named<Workload>('Deployment', app).spec.template;
    const { drainWindowMs } = loadConfig('web', { env: { PARLEY_ENV: 'prod' }, root }).shutdown;
    // preStop, and what an app gives itself beyond the window.
    expect(spec.terminationGracePeriodSeconds * 1_000).toBeGreaterThan(3_000 + drainWindowMs + 4_000);
    expect(spec).toMatchObject({
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
    });
    expect(spec.containers[0]).toMatchObject({
      image: `parley/${app}`,
      securityContext: {
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      },
      resources: { requests: { cpu: expect.any(String), memory: expect.any(String) } },
    });
  });

  // After each update all new pods stood on one node: those of the old version were counted with them.
  it.each(appNames)('place the pods of %s on different nodes, version by version', (app) => {
    expect(named<Workload>('Deployment', app).spec.template.spec).toMatchObject({
      topologySpreadConstraints: [
        {
          topologyKey: 'kubernetes.io/hostname',
          labelSelector: { matchLabels: { 'app.kubernetes.io/name': app } },
          matchLabelKeys: ['pod-template-hash'],
        },
      ],
    });
  });

  it.each(appNames)('replace the pods of %s within a minute and a half when a node is lost', (app) => {
    const { tolerations } = named<Workload>('Deployment', app).spec.template.spec;
    // By itself Kubernetes needs 40 s to see it.
    for (const key of ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable']) {
      const found = tolerations.find((toleration) => toleration.key === key);
      expect(found).toMatchObject({ effect: 'NoExecute', operator: 'Exists' });
      expect(found?.tolerationSeconds).toBeLessThanOrEqual(45);
    }
  });

  it('lead to the app that answers', () => {
    const text = JSON.stringify(named('Ingress', 'parley'));
    const { path: wsPath } = loadConfig('connect-gateway', {
      env: { PARLEY_ENV: 'prod', PARLEY_JWT_SECRET: 'Vq3nZr8sKx1tYb6wLd0fHj5mPc2gRu7e' },
      root,
    }).ws;
    expect(text).toContain(
      `{"path":"${wsPath}","pathType":"Exact","backend":{"service":{"name":"connect-gateway","port":{"name":"ws"}}}}`,
    );
    const backends = [...text.matchAll(/"service":\{"name":"([^"]+)","port":\{"name":"([^"]+)"/g)];
    for (const [, name, port] of backends)
      expect(JSON.stringify(named('Service', String(name)))).toContain(`"name":"${port}"`);
  });
});

/** A component's patches, on what they are for. */
function withComponent(part: string): Manifest[] {
  interface Patch {
    target: { kind: string; name?: string };
    path: string;
  }
  const { patches } = parse(read(part, 'kustomization.yaml')) as { patches: Patch[] };
  return all.map((manifest) =>
    patches
      .filter(
        ({ target: { kind, name = '.*' } }) =>
          kind === manifest.kind && new RegExp(`^(${name})$`).test(manifest.metadata.name),
      )
      .reduce((done, { path: file }) => patched(done, parse(read(part, file)) as PatchStep[]), manifest),
  );
}
const podOf = (manifests: Manifest[], app: AppName) => {
  const found = manifests.find(({ kind, metadata }) => kind === 'Deployment' && metadata.name === app);
  return (found as Workload).spec.template.spec;
};

describe('the component tls', () => {
  const changed = withComponent('tls');
  const speakTls = appNames.filter((app) =>
    envTable.some(({ name, paths }) => name === 'PARLEY_TLS_CERT_FILE' && paths[app] !== undefined),
  );

  it.each(appNames)('lets %s be asked for its health as it listens', (app) => {
    const [{ env, startupProbe, livenessProbe, readinessProbe, volumeMounts }] = podOf(
      changed,
      app,
    ).containers;
    const files = env.filter(({ name }) => name.startsWith('PARLEY_TLS_'));
    const isTls = speakTls.includes(app);
    for (const probe of [startupProbe, livenessProbe, readinessProbe])
      expect(probe?.httpGet.scheme).toBe(isTls ? 'HTTPS' : undefined);
    expect(files.map(({ name }) => name)).toEqual(
      isTls ? ['PARLEY_TLS_CERT_FILE', 'PARLEY_TLS_KEY_FILE'] : [],
    );
    const folders = volumeMounts.map(({ mountPath }) => mountPath);
    for (const { value = '' } of files) expect(folders).toContain(path.dirname(value));
  });

  it('is asked for its metrics over TLS where there is TLS, and by the Ingress', () => {
    const monitor = changed.find(({ kind }) => kind === 'ServiceMonitor') as unknown as {
      spec: { endpoints: { port: string; scheme?: string }[] };
    };
    const ports = speakTls.flatMap((app) => podOf(all, app).containers[0].ports.map(({ name }) => name));
    for (const { port, scheme } of monitor.spec.endpoints)
      expect(scheme, port).toBe(ports.includes(port) ? 'https' : undefined);
    expect(changed.find(({ kind }) => kind === 'Ingress')).toMatchObject({
      metadata: { annotations: { 'nginx.ingress.kubernetes.io/backend-protocol': 'HTTPS' } },
    });
  });
});

describe('the component tracing', () => {
  it.each(appNames)('tells %s where traces go by a secret, and lets it out there', (app) => {
    const [{ env }] = podOf(withComponent('tracing'), app).containers;
    expect(envTable.find(({ name }) => name === 'PARLEY_TRACE_URL')?.paths).toHaveProperty(app);
    expect(env.at(-1)).toEqual({
      name: 'PARLEY_TRACE_URL',
      valueFrom: { secretKeyRef: { name: 'parley', key: 'trace-url' } },
    });
    expect(named('NetworkPolicy', 'parley-traces')).toMatchObject({
      spec: { policyTypes: ['Egress'], egress: [{ ports: [{ port: 4318 }] }] },
    });
    expect(read('README.md')).toContain('4318');
  });
});

it.skipIf(!findExecutable('kubectl')).each([['tls'], ['tracing'], ['monitoring', 'tls', 'tracing']])(
  'kustomize builds the base with %s %s %s',
  (...parts) => {
    const place = mkdtempSync(path.join(tmpdir(), 'parley-kustomize-'));
    onTestFinished(() => rmSync(place, { recursive: true }));
    const at = (part: string) => path.relative(place, path.join(folder, part));
    const kustomization = {
      kind: 'Kustomization',
      apiVersion: 'kustomize.config.k8s.io/v1beta1',
      resources: [at('base')],
      components: parts.map(at),
    };
    writeFileSync(path.join(place, 'kustomization.yaml'), JSON.stringify(kustomization));
    const built = documents(execFileSync('kubectl', ['kustomize', place], { encoding: 'utf8' }));
    const expected = (part: string, app: AppName) =>
      podOf(withComponent(part), app).containers[0].env.map(({ name }) => name);
    for (const app of appNames)
      for (const part of parts.filter((name) => name !== 'monitoring'))
        expect(podOf(built, app).containers[0].env.map(({ name }) => name)).toEqual(
          expect.arrayContaining(expected(part, app)),
        );
    expect(built.some(({ kind }) => kind === 'ServiceMonitor')).toBe(parts.includes('monitoring'));
  },
);
