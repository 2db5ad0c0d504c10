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
  {
    sourceTag: 'layer:e2e',
    onlyDependOnLibsWithTags: ['layer:testing', 'layer:client', 'layer:registry', ...infra],
  },
  {
    sourceTag: 'layer:tools',
    onlyDependOnLibsWithTags: ['layer:testing', 'layer:client', 'layer:registry', ...infra],
  },
];
/** A port lib's spec may use the test harness, which sits above it. */
const testSources = ['**/*.{spec,int-spec,fault-spec,e2e-spec,conformance,fixture}.ts', '**/*.spec.tsx'];
/** Left over by a test that ran out of time, they go on turning the fake clocks of later ones: files share their worker. */
const theirWaits = ['waitFor', 'waitUntil'].map((property) => ({
  object: 'vi',
  property,
  message: 'Wait with eventually() of @parley/testing.',
}));

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
/** Set back or forward, the wall clock must stop nothing and end nothing: what takes time is measured by another. */
const wallClock = { object: 'Date', property: 'now', message: 'Measure time with performance.now().' };
/** Wall time is right where it is stored, shown, signed, or compared with what was. Each file with its reason. */
const wallTime = [
  'apps/logic/src/accounts/accounts.service.ts', // stored: when an account was made
  'apps/logic/src/accounts/token.service.ts', // signed: when a token expires
  'apps/logic/src/database/migrations/*.ts', // stored
  'apps/logic/src/rooms/*.ts', // stored: when a room was made and used, until when somebody is muted or banned
  'apps/logic/src/parking/*.ts', // compared with what is stored: when a room was used
  'apps/logic/src/sessions/sessions.service.ts', // stored: when a session began
  'apps/logic/src/messages/publish.service.ts', // shown: when a message was sent
  'apps/logic/src/retention/originals.service.ts', // compared: with when something was deleted
  'apps/logic/src/acts/acts.service.ts', // shown: when an act was done
  'apps/logic/src/door/*.ts', // stored, and compared with what is: until when invitations and sessions hold
  'apps/logic/src/line/line.service.ts', // the distance to Redis's clock
  'apps/logic/src/archive/*.ts', // stored: when a row was set aside
  'apps/connect-gateway/src/lifecycle/connection-lifecycle.service.ts', // when a token expires
  'libs/contracts/src/new-id.ts', // stored: when an id was made
  'apps/web/src/app/chat/sending/outbox.ts', // shown, and compared days later: when a message was sent
  'apps/web/src/app/server-clock.ts', // the distance to the server's clock
  'libs/redis/src/revocation-list.ts', // when a token expires
  'libs/observability/src/tls/open-identity.ts', // when a certificate expires
  'libs/service-host/src/token-verifier.service.ts', // when a token expires
  'libs/registry/src/registry.module.ts', // shown: when an instance started
  'libs/rpc/src/direct-redis-client.ts', // what an instance of 0.1 asks for
];
/** Durations by the wall clock that are still to be measured otherwise. Nothing is to be added. */
const wallClockLeft = [
  'apps/logic/src/database/open-database.ts',
  'apps/logic/src/messages/room-access.service.ts',
];

/**
 * What Chromium 109, Firefox 115 or Safari 16 does not have (apps/web/vite.config.mts): syntax is written out by the build,
 * but nothing brings a missing method. Ask `'name' in object` first where one is worth it, and disable the rule there.
 */
const newerMethods =
  /^(toSorted|toReversed|toSpliced|with|groupBy|fromAsync|withResolvers|isWellFormed|toWellFormed|canParse|checkVisibility|union|intersection|difference|symmetricDifference|isSubsetOf|isSupersetOf|isDisjointFrom|startViewTransition|showPopover|setHTML)$/;
const tooNew = [
  banned(
    `CallExpression > MemberExpression.callee[property.name=${newerMethods}]:not([object.name='z'])`,
    'Older browsers lack it.',
  ),
  banned("MemberExpression[object.name='AbortSignal'][property.name='any']", 'Older browsers lack it.'),
  banned(
    "NewExpression[callee.object.name='Intl'][callee.property.name=/^(Segmenter|DurationFormat)$/]",
    'Firefox 115 lacks it.',
  ),
];

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
      'no-restricted-properties': ['error', wallClock],
    },
  },
  { files: [...wallTime, ...wallClockLeft], rules: { 'no-restricted-properties': 'off' } },
  { files: ['**/*.tsx', '**/src/app/**/*.ts'], ...reactHooks.configs.flat.recommended },
  {
    files: ['libs/config/**/*.ts'],
    rules: { 'no-restricted-syntax': ['error', newRedis] },
  },
  { files: ['libs/redis/**/*.ts'], rules: { 'no-restricted-syntax': ['error', processEnv] } },
  {
    files: [...testSources, 'libs/testing/**/*.ts', 'e2e/**/*.ts', 'tools/**/*.ts'],
    rules: {
      'no-restricted-syntax': 'off',
      'no-restricted-properties': ['error', ...theirWaits],
      'no-console': 'off',
    },
  },
  {
    files: testSources.filter((f) => !f.endsWith('x')),
    rules: { '@nx/enforce-module-boundaries': boundaries(['@parley/testing']) },
  },
  {
    files: ['apps/web/src/app/**/*.{ts,tsx}', 'libs/client/src/**/*.ts', 'libs/protocol/src/**/*.ts'],
    ignores: testSources,
    rules: { 'no-restricted-syntax': ['error', processEnv, newRedis, ...tooNew] },
  },
  // Within connect-gateway, too.
  ...foldersBelow('apps/connect-gateway/src', [
    'transports',
    'delivery',
    'lifecycle',
    'frames',
    'lists',
    'rooms',
    'connections',
  ]),
  // And within the web app's session: session-parts.ts puts these together.
  ...foldersBelow('apps/web/src/app/chat', [
    'joining',
    'sending',
    'history',
    'lists',
    'reading',
    'connection',
    'threads',
  ]),
  prettier,
);
