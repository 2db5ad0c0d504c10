import nx from '@nx/eslint-plugin';
import prettier from 'eslint-config-prettier';
import reactHooks from 'eslint-plugin-react-hooks';
import tseslint from 'typescript-eslint';

/** The arrows of docs/ARCHITECTURE.md. Every project is tagged; there is no wildcard. */
const pure = ['layer:pure', 'layer:protocol', 'layer:contracts'];
const infra = ['layer:infra', ...pure];
const depConstraints = [
  { sourceTag: 'layer:protocol', onlyDependOnLibsWithTags: [] },
  { sourceTag: 'layer:pure', onlyDependOnLibsWithTags: [] },
  { sourceTag: 'layer:contracts', onlyDependOnLibsWithTags: ['layer:protocol'] },
  { sourceTag: 'layer:infra', onlyDependOnLibsWithTags: infra },
  { sourceTag: 'layer:registry', onlyDependOnLibsWithTags: infra },
  { sourceTag: 'layer:queue', onlyDependOnLibsWithTags: infra },
  { sourceTag: 'layer:rpc', onlyDependOnLibsWithTags: [...infra, 'layer:registry'] },
  { sourceTag: 'layer:host', onlyDependOnLibsWithTags: [...infra, 'layer:registry', 'layer:rpc'] },
  { sourceTag: 'layer:client', onlyDependOnLibsWithTags: ['layer:protocol', 'lib:framing'] },
  {
    sourceTag: 'layer:app',
    onlyDependOnLibsWithTags: [...infra, 'layer:registry', 'layer:queue', 'layer:rpc', 'layer:host'],
  },
  {
    sourceTag: 'layer:web',
    onlyDependOnLibsWithTags: ['layer:client', 'layer:protocol', 'lib:config', 'lib:observability'],
  },
  { sourceTag: 'layer:testing', onlyDependOnLibsWithTags: [...infra, 'layer:client'] },
  { sourceTag: 'layer:e2e', onlyDependOnLibsWithTags: ['layer:testing', 'layer:client', ...infra] },
  {
    sourceTag: 'layer:tools',
    onlyDependOnLibsWithTags: ['layer:testing', 'layer:client', 'layer:registry', ...infra],
  },
];
/** A port lib's spec may use the test harness, which sits above it. */
const testSources = ['**/*.{spec,int-spec,fault-spec,e2e-spec,conformance}.ts', '**/*.spec.tsx'];

const boundaries = (extra = []) => [
  'error',
  { allow: extra, enforceBuildableLibDependency: false, depConstraints, banTransitiveDependencies: false },
];
const banned = (selector, message) => ({ selector, message });
const processEnv = banned(
  "MemberExpression[object.name='process'][property.name='env']",
  'The environment is read in libs/config only.',
);
const newRedis = banned(
  "NewExpression[callee.name='Redis']",
  'Redis connections are made in libs/redis only.',
);

/**
 * Folders of one app from the uppermost down: none imports one that stands before it.
 *
 * @param {string} root
 * @param {readonly string[]} folders
 */
const foldersBelow = (root, folders) =>
  folders.slice(1).map((folder, i) => ({
    files: [`${root}/${folder}/**/*.ts`],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: folders.slice(0, i + 1).map((above) => ({
            group: [`**/${above}/**`],
            message: `${folder} stands below ${above}: turn the arrow round.`,
          })),
        },
      ],
    },
  }));

export default tseslint.config(
  { ignores: ['**/dist/**', '**/generated/**', '**/*.mjs', '**/*.mts', '**/*.d.ts'] },
  ...tseslint.configs.recommended,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    plugins: { '@nx': nx },
    rules: {
      '@nx/enforce-module-boundaries': boundaries(),
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': [
        'error',
        { checksVoidReturn: { arguments: false, attributes: false } },
      ],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/consistent-type-imports': 'off',
      'max-lines': ['error', 400],
      'no-console': 'error',
      'no-restricted-syntax': ['error', processEnv, newRedis],
    },
  },
  { files: ['**/*.tsx', '**/src/app/**/*.ts'], ...reactHooks.configs.flat.recommended },
  {
    files: ['libs/config/**/*.ts'],
    rules: { 'no-restricted-syntax': ['error', newRedis] },
  },
  { files: ['libs/redis/**/*.ts'], rules: { 'no-restricted-syntax': ['error', processEnv] } },
  {
    files: [...testSources, 'libs/testing/**/*.ts', 'e2e/**/*.ts', 'tools/**/*.ts'],
    rules: { 'no-restricted-syntax': 'off', 'no-console': 'off', 'max-lines': ['error', 600] },
  },
  {
    files: testSources.filter((f) => !f.endsWith('x')),
    rules: { '@nx/enforce-module-boundaries': boundaries(['@parley/testing']) },
  },
  // Within connect-gateway, too: transports, delivery → frames, lifecycle → rooms → connections.
  ...foldersBelow('apps/connect-gateway/src', ['transports', 'lifecycle', 'frames', 'rooms', 'connections']),
  prettier,
);
