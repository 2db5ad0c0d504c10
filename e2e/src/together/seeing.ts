import { eventually } from '@parley/testing';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { AppName, AppProcess, Stack } from '../stack.js';
import { readPromQl } from './promql.js';

const root = resolve(import.meta.dirname, '../../..');
const read = (path: string) => readFileSync(resolve(root, path), 'utf8');
const apps: readonly AppName[] = ['logic', 'task-worker', 'connect-gateway', 'gateway-api', 'web'];

interface Metric {
  readonly name: string;
  readonly type: string;
  readonly labels: readonly string[];
}
interface Row extends Metric {
  readonly apps: readonly string[];
  /** This stack has no TLS of its own. */
  readonly needsTls: boolean;
}
interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}
interface Panel {
  readonly title: string;
  readonly targets?: readonly { readonly expr: string }[];
}

/** The metrics of one process, as it exposes them. */
async function metricsOf({ ports }: AppProcess): Promise<Metric[]> {
  const port = ports['http'] ?? ports['ws'] ?? ports['admin'];
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  const types = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)];
  return types.map(([, name = '', type = '']) => {
    const samples = [...text.matchAll(new RegExp(`^${name}(?:_bucket)?\\{(.*)\\} `, 'gm'))];
    const labels = samples.flatMap(([, pairs = '']) =>
      [...pairs.matchAll(/(\w+)="/g)].map(([, at = '']) => at),
    );
    return { name, type, labels: [...new Set(labels)].filter((label) => label !== 'le') };
  });
}

/** Callees that a process calls over a link. */
async function linksOf({ ports }: AppProcess): Promise<number> {
  const port = ports['http'] ?? ports['ws'] ?? ports['admin'];
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  return Number(/^parley_rpc_links\S* (\d+)$/m.exec(text)?.[1]);
}

/** The table of docs/metrics.md. */
function documented(): Row[] {
  const names = (cell: string) => [...cell.matchAll(/[\w-]+/g)].map(([name]) => name);
  return [...read('docs/metrics.md').matchAll(/^\| `(parley_\w+)` +\|(.*?)\|(.*?)\|(.*?)\|/gm)].map(
    ([, name = '', type = '', labels = '', where = '']) => ({
      name,
      type: type.trim(),
      labels: names(labels),
      apps: where.trim() === 'all' ? apps : names(where),
      needsTls: where.includes('(with TLS)'),
    }),
  );
}

/** What an operator looks at is there, and is called what it is said to be. */
export const seeing = (running: () => Stack) =>
  describe('what an operator sees', () => {
    const exposed = new Map<AppName, Metric[]>();
    /** Names that a query may use, with their labels; `up` is Prometheus' own, and `job` and `instance` are on all. */
    const askable = new Map<string, ReadonlySet<string>>([['up', new Set()]]);

    beforeAll(async () => {
      for (const app of apps) {
        const [first] = running().of(app);
        if (first) exposed.set(app, await metricsOf(first));
      }
      for (const { name, needsTls } of documented()) if (needsTls) askable.set(name, new Set());
      const labelsOf = new Map(documented().map(({ name, labels }) => [name, labels]));
      for (const { name, type } of [...exposed.values()].flat())
        for (const suffix of type === 'histogram' ? ['_bucket', '_sum', '_count'] : [''])
          askable.set(
            name + suffix,
            new Set([...(labelsOf.get(name) ?? []), ...(suffix === '_bucket' ? ['le'] : [])]),
          );
    });

    it.each(apps)('of %s is what docs/metrics.md says, with these types and labels', (app) => {
      const rows = documented().filter((row) => row.apps.includes(app) && !row.needsTls);
      const shown = exposed.get(app)?.filter(({ name }) => name.startsWith('parley_')) ?? [];
      const facts = (metrics: readonly Metric[]) =>
        Object.fromEntries(metrics.map(({ name, type }) => [name, type] as const).sort());
      expect(facts(shown)).toEqual(facts(rows));
      for (const { name, labels } of shown)
        expect(rows.find((row) => row.name === name)?.labels, name).toEqual(
          expect.arrayContaining([...labels]),
        );
    });

    it('holds no room, user or address: labels have few values', async () => {
      for (const app of apps) {
        const process = running().of(app)[0];
        if (!process) continue;
        const port = process.ports['http'] ?? process.ports['ws'] ?? process.ports['admin'];
        const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
        const children = new Map<string, Set<string>>();
        for (const [, name = '', pairs = ''] of text.matchAll(/^(parley_\w+)\{(.*)\} /gm)) {
          const child = pairs.replace(/,?le="[^"]*"/, '');
          children.set(name, (children.get(name) ?? new Set()).add(child));
        }
        for (const [name, of] of children) expect(of.size, `${app} ${name}`).toBeLessThan(120);
      }
    });

    it('shows that processes of one machine call each other over links', async () => {
      const api = running().api(await running().login('demo'));
      // Through an edge to logic, which accepts it, and by a worker to logic, which keeps it.
      await api.send((await api.createRoom('links')).roomId, 'hello');
      for (const app of ['gateway-api', 'task-worker'] as const)
        await eventually(async () => {
          const links = await Promise.all(running().of(app).map(linksOf));
          expect(Math.max(...links), app).toBeGreaterThan(0);
        });
    });

    // What begins with 1 is no increase to Prometheus.
    it.each([
      ['logic', 'parley_messages_set_aside_total', ['refused', 'unreadable', 'conflict']],
      ['logic', 'parley_line_verdicts_total', ['unbroken', 'stepped-back', 'unknown']],
      ['connect-gateway', 'parley_resyncs_total', ['slow', 'gap', 'epoch']],
      ['connect-gateway', 'parley_hints_total', ['taken', 'dropped']],
    ] as const)('of %s has %s before it happens', async (app, name, values) => {
      const { ports } = running().of(app)[0] as AppProcess;
      const text = await (await fetch(`http://127.0.0.1:${ports['ws'] ?? ports['admin']}/metrics`)).text();
      const shown = [...text.matchAll(new RegExp(`^${name}\\{\\w+="([^"]*)"\\} `, 'gm'))].map(
        ([, value]) => value,
      );
      expect(shown.sort()).toEqual([...values].sort());
    });

    const asks = (expression: string) => {
      const { metrics, labels } = readPromQl(expression);
      expect(metrics.length, expression).toBeGreaterThan(0);
      const known = new Set(['job', 'instance']);
      for (const metric of metrics) {
        expect([...askable.keys()], expression).toContain(metric);
        for (const label of askable.get(metric) ?? []) known.add(label);
      }
      for (const label of labels) expect([...known], expression).toContain(label);
    };

    it('is asked for by the dashboard under names and labels that there are', () => {
      const { panels } = JSON.parse(read('docker/grafana/dashboards/parley.json')) as { panels: Panel[] };
      // Grafana puts these in.
      const expressions = panels.flatMap(({ targets = [] }) =>
        targets.map(({ expr }) => expr.replaceAll('$__rate_interval', '1m')),
      );
      expect(expressions.length).toBeGreaterThan(40);
      for (const expression of expressions) asks(expression);
      const shown = new Set(expressions.flatMap((expression) => readPromQl(expression).metrics));
      const missing = documented().filter(
        ({ name, type }) =>
          name !== 'parley_build_info' &&
          name !== 'parley_stream_entries_limit' &&
          !shown.has(type === 'histogram' ? `${name}_bucket` : name),
      );
      expect(missing.map(({ name }) => name)).toEqual([]);
    });

    it('rings with names and labels that there are, and says what to do', () => {
      const { groups } = parse(read('docker/prometheus/alerts.yaml')) as { groups: { rules: Rule[] }[] };
      const rules = groups.flatMap(({ rules: of }) => of);
      const sections = [...read('docs/runbook.md').matchAll(/^## (\w+)$/gm)].map(([, name]) => name);
      expect(rules.map(({ alert }) => alert)).toEqual(sections);
      for (const { alert, expr, labels, annotations } of rules) {
        asks(expr);
        expect(['critical', 'warning'], alert).toContain(labels['severity']);
        expect(annotations['summary'], alert).toBeTruthy();
        expect(annotations['runbook_url']).toBe(`docs/runbook.md#${alert.toLowerCase()}`);
      }
    });

    it.each(['sum(', 'rate(parley_x[5m]', 'a by (b', 'x{y=~1}'])(
      'would not take %s for PromQL',
      (expression) => expect(() => readPromQl(expression)).toThrow('no PromQL'),
    );
  });
