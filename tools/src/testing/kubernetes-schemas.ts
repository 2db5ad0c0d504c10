import { ServiceMonitor } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1';
import { Deployment } from 'kubernetes-models/apps/v1';
import { HorizontalPodAutoscaler } from 'kubernetes-models/autoscaling/v2';
import { Ingress, NetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1';
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1';
import { ConfigMap, Service } from 'kubernetes-models/v1';
import path from 'node:path';
import ts from 'typescript';
import { root } from '../../lib/workspace.mjs';

/** A manifest as it stands in a file. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
}

type Model = new (data: never) => { validate(): void };

/** Where the type of each kind is, for the compiler, and the class that validates. */
const kinds: Readonly<Record<string, readonly [module: string, name: string, model: Model]>> = {
  'apps/v1 Deployment': ['kubernetes-models/apps/v1', 'IDeployment', Deployment],
  'autoscaling/v2 HorizontalPodAutoscaler': [
    'kubernetes-models/autoscaling/v2',
    'IHorizontalPodAutoscaler',
    HorizontalPodAutoscaler,
  ],
  'networking.k8s.io/v1 Ingress': ['kubernetes-models/networking.k8s.io/v1', 'IIngress', Ingress],
  'networking.k8s.io/v1 NetworkPolicy': [
    'kubernetes-models/networking.k8s.io/v1',
    'INetworkPolicy',
    NetworkPolicy,
  ],
  'policy/v1 PodDisruptionBudget': [
    'kubernetes-models/policy/v1',
    'IPodDisruptionBudget',
    PodDisruptionBudget,
  ],
  'v1 ConfigMap': ['kubernetes-models/v1', 'IConfigMap', ConfigMap],
  'v1 Service': ['kubernetes-models/v1', 'IService', Service],
  'monitoring.coreos.com/v1 ServiceMonitor': [
    '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1',
    'IServiceMonitor',
    ServiceMonitor,
  ],
};

/**
 * What Kubernetes would refuse. Twice, since either finds what the other lets pass: the schemas know patterns, formats and ranges,
 * the compiler what is mistyped or in the wrong place.
 *
 * @returns A sentence each; empty when all is well.
 */
export function schemaProblems(manifests: readonly Manifest[]): string[] {
  const known = manifests.flatMap((manifest) => {
    const found = kinds[`${manifest.apiVersion} ${manifest.kind}`];
    return found ? [{ manifest, found }] : [];
  });
  const unknown = manifests.filter((manifest) => !known.some((entry) => entry.manifest === manifest));
  return [
    ...unknown.map(({ apiVersion, kind }) => `no schema of ${apiVersion} ${kind}`),
    ...known.flatMap(({ manifest, found: [, , ModelOf] }) => {
      try {
        new ModelOf(manifest as never).validate();
        return [];
      } catch (error) {
        return [
          `${manifest.kind} ${manifest.metadata.name}: ${error instanceof Error ? error.message : String(error)}`,
        ];
      }
    }),
    ...compilerProblems(
      known
        .map(
          ({ manifest, found: [module, name] }) =>
            `(${JSON.stringify(manifest)}) satisfies import('${module}').${name};`,
        )
        .join('\n'),
    ),
  ];
}

function compilerProblems(source: string): string[] {
  // Beside the workspace's modules, so that the types are found; never written.
  const file = path.join(root, 'tools/manifests-in-memory.ts');
  const options: ts.CompilerOptions = {
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    target: ts.ScriptTarget.ES2022,
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    types: [],
  };
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists, readFile } = host;
  host.fileExists = (name) => name === file || fileExists(name);
  host.readFile = (name) => (name === file ? source : readFile(name));
  host.getSourceFile = (name, target, ...rest) =>
    name === file ? ts.createSourceFile(name, source, target) : getSourceFile(name, target, ...rest);
  const program = ts.createProgram([file], options, host);
  return ts
    .getPreEmitDiagnostics(program)
    .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, ' '));
}
