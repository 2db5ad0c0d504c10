/**
 * Builds or serves one app; Nx runs it in the app's folder:
 *
 *     node ../../tools/node-app.mjs build | serve
 *
 * rolldown bundles the app and the workspace's libs into dist/main.js. A build puts the npm packages into dist/packages.js beside it:
 * half of the time of a start was Node.js finding and reading a thousand small files. `serve` leaves them where they are.
 * What shapes the build stands in this file and in lib/app-flags.mjs, because they are inputs of Nx's cache.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire, isBuiltin } from 'node:module';
import path from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { rolldown, watch } from 'rolldown';
import { appFlags } from './lib/app-flags.mjs';

const root = path.resolve(import.meta.dirname, '..');
const appDir = process.cwd();
const outDir = path.join(appDir, 'dist');
const viteConfig = path.join(appDir, 'vite.config.mts');
const viteEntry = path.join(root, 'node_modules/vite/bin/vite.js');
const childStopMs = 5000;

/**
 * Stay in node_modules: what is native, what is loaded by a name that is known at run time only (Nest loads ioredis so, and there is to be
 * one), what runs a file of its own in a thread, and what only those load who have asked for it.
 */
const unpackable = /^(sqlite3|argon2|typeorm|pg|ioredis|pino|pino-pretty|@opentelemetry\/[^/]+)(\/|$)/;

/** Packed, a package is not where it was, and does not find what lies beside it. @type {import('rolldown').Plugin} */
const refuseLost = {
  name: 'refuse-lost',
  transform(code, id) {
    if (isPackage(id) && /\b__(dirname|filename)\b/.test(code))
      throw new Error(`${path.relative(root, id)} asks where it is: make its package one of the unpackable`);
  },
};

/**
 * Nor does it find an unpackable package that is installed below it, but the one that all others have.
 *
 * @param {string} id of an unpackable package
 * @param {string} importer file of a packed one
 */
function refuseOther(id, importer) {
  /** @param {string} from @returns {string | undefined} undefined when it is not installed, as what is optional may be. */
  const foundFrom = (from) => {
    try {
      return createRequire(from).resolve(id);
    } catch {
      return undefined;
    }
  };
  if (foundFrom(importer) !== foundFrom(path.join(outDir, 'main.js')))
    throw new Error(`${path.relative(root, importer)} has another ${id} than the app would find`);
}

/**
 * @param {(id: string, importer: string | undefined) => boolean} external
 * @returns {import('rolldown').InputOptions}
 */
function inputOptions(external) {
  const entry = ['src/main.ts', 'src/server/main.ts']
    .map((file) => path.join(appDir, file))
    .find((file) => existsSync(file));
  if (!entry)
    throw new Error(`${path.relative(root, appDir)} has neither src/main.ts nor src/server/main.ts`);
  return {
    input: entry,
    platform: 'node',
    tsconfig: path.join(appDir, 'tsconfig.json'),
    resolve: { extensionAlias: { '.js': ['.ts', '.tsx', '.js'] } },
    external,
    plugins: [refuseLost],
    onLog: (level, log, report) => {
      // Frameworks ask for adapters that nobody has installed; at run time they do not find them either. They do what they warn of knowingly.
      if (isPackage(log.id ?? log.loc?.file ?? '')) return;
      // Left as a warning, a missing lib or file would only be noticed when the app starts.
      report(log.code === 'UNRESOLVED_IMPORT' ? 'error' : level, log);
    },
  };
}

/** @type {import('rolldown').OutputOptions} */
const outputOptions = {
  dir: outDir,
  format: 'esm',
  sourcemap: true,
  entryFileNames: 'main.js',
  codeSplitting: false,
};

/**
 * Own code, and rolldown's decorator helpers, which are a package that no image would install.
 * @param {string} id
 */
function isOwn(id) {
  return /^[.\0]|^@parley\/|^@oxc-project\/runtime/.test(id) || path.isAbsolute(id);
}

/** @param {string} file */
const isPackage = (file) => file.includes(`${path.sep}node_modules${path.sep}`);

async function build() {
  /** Packages that own code imports, whether they are packed or not. @type {Set<string>} */
  const imports = new Set();
  const options = inputOptions((id, importer) => {
    const isOutside = unpackable.test(id);
    if (importer !== undefined && isPackage(importer)) {
      if (isOutside) refuseOther(id, importer);
    } else if (importer !== undefined && !isOwn(id)) imports.add(id);
    return isOutside || isBuiltin(id);
  });
  rmSync(outDir, { recursive: true, force: true });
  const bundle = await rolldown(options);
  await bundle.write({
    ...outputOptions,
    // Node.js reads the map at each start; where a line comes from is enough.
    sourcemapExcludeSources: true,
    chunkFileNames: '[name].js',
    codeSplitting: { groups: [{ name: 'packages', test: isPackage }] },
  });
  await bundle.close();
  dropMap(path.join(outDir, 'packages.js'));
  writeManifest([...imports].filter((id) => !isBuiltin(id)));
  if (!existsSync(viteConfig)) return;
  // After the server's bundle: both write to dist, and only this one leaves the other's files alone.
  const vite = spawnSync(process.execPath, [viteEntry, 'build', '--config', viteConfig], {
    cwd: appDir,
    stdio: 'inherit',
  });
  if (vite.status !== 0) process.exitCode = vite.status ?? 1;
  else precompress(path.join(outDir, 'public'));
}

/**
 * Beside each text of the site its compressed forms, as @fastify/static looks for them: made once, as small as can be. Maps
 * are left out, since only developers ask for them.
 * @param {string} dir
 */
function precompress(dir) {
  for (const entry of readdirSync(dir, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !/\.(html|js|css|svg|json|webmanifest|txt)$/.test(entry.name)) continue;
    const file = path.join(entry.parentPath, entry.name);
    const bytes = readFileSync(file);
    const compressed = { '.br': brotliCompressSync(bytes), '.gz': gzipSync(bytes, { level: 9 }) };
    for (const [extension, smaller] of Object.entries(compressed)) {
      if (smaller.length < bytes.length) writeFileSync(file + extension, smaller);
    }
  }
}

/** Node.js would read the map of all packages at each start; a line of theirs is looked up in packages.js itself. @param {string} file */
function dropMap(file) {
  rmSync(`${file}.map`);
  writeFileSync(file, readFileSync(file, 'utf8').replace(/\n\/\/# sourceMappingURL=.*\s*$/, '\n'));
}

/**
 * dist/package.json: what a container image installs, in the exact versions of package-lock.json.
 * @param {string[]} imports ids that own code imports.
 */
function writeManifest(imports) {
  const own = readJson(path.join(appDir, 'package.json'));
  const workspace = readJson(path.join(root, 'package.json'));
  /** @type {Record<string, { version: string, peerDependencies?: Record<string, string> }>} */
  const locked = readJson(path.join(root, 'package-lock.json')).packages;
  /** @type {Record<string, string>} */
  const dependencies = {};
  const queue = [...imports.map(packageOf), ...Object.keys(own.dependencies ?? {})];
  for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
    if (dependencies[name] || name.startsWith('@parley/')) continue;
    const entry = locked[`node_modules/${name}`];
    if (!entry) throw new Error(`${own.name} imports ${name}, which is not in package-lock.json`);
    dependencies[name] = entry.version;
    // Frameworks load drivers and adapters by name at run time (typeorm: sqlite3; Nest: ioredis, fastify),
    // invisible to the bundler. They are peers, often optional: those that the workspace has, the image needs.
    queue.push(...Object.keys(entry.peerDependencies ?? {}).filter((peer) => workspace.dependencies[peer]));
  }
  const manifest = {
    name: own.name,
    version: own.version,
    private: true,
    license: own.license,
    type: 'module',
    main: 'main.js',
    engines: workspace.engines,
    scripts: { start: ['node', ...appFlags, 'main.js'].join(' ') },
    dependencies: Object.fromEntries(Object.entries(dependencies).sort(([a], [b]) => (a < b ? -1 : 1))),
    overrides: workspace.overrides,
    allowScripts: Object.fromEntries(
      Object.entries(workspace.allowScripts ?? {}).filter(([name]) => dependencies[name]),
    ),
  };
  mkdirSync(outDir, { recursive: true });
  writeFileSync(path.join(outDir, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
}

/** `@scope/name/sub/path` → `@scope/name` @param {string} id */
function packageOf(id) {
  return id
    .split('/')
    .slice(0, id.startsWith('@') ? 2 : 1)
    .join('/');
}

/** @param {string} file */
function readJson(file) {
  return JSON.parse(readFileSync(file, 'utf8'));
}

/** Rebuilds on every save and runs the new build; ends with a signal, or with the process that started it. */
async function serve() {
  const { jwtSecret } = await import('./lib/jwt-secret.mjs');
  const dataDir = path.resolve(root, process.env.PARLEY_DATA_DIR || '.data');
  const env = {
    PARLEY_ENV: 'dev',
    PARLEY_ROOT: root,
    PARLEY_DATA_DIR: dataDir,
    // The same secret as under `npm start`: apps served one by one trust each other's tokens.
    ...(process.env.PARLEY_JWT_SECRET_FILE ? {} : { PARLEY_JWT_SECRET: jwtSecret(dataDir) }),
    ...process.env,
    PARLEY_SUPERVISED: '1',
  };
  /** @type {import('node:child_process').ChildProcess | undefined} */
  let app;
  let isStopping = false;
  let queue = Promise.resolve();

  const restart = () => {
    // One after the other: two quick rebuilds must not fight for the port.
    queue = queue.then(async () => {
      await end(app);
      if (isStopping) return;
      app = run([...appFlags, path.join(outDir, 'main.js')], env);
      app.once('exit', (code, signal) => {
        if (!isStopping && signal === null && code !== 0)
          console.error(`[serve] ended with code ${code}; waiting for a change`);
      });
    });
  };
  const watcher = watch({ ...inputOptions((id) => !isOwn(id)), output: outputOptions });
  watcher.on('event', async (event) => {
    if (event.code === 'BUNDLE_END') {
      console.log(`[serve] built in ${event.duration} ms`);
      await event.result.close();
      restart();
    } else if (event.code === 'ERROR') {
      console.error(event.error?.message ?? event.error);
      await event.result?.close();
    }
  });
  const site = existsSync(viteConfig) ? await watchSite() : undefined;

  const stop = async () => {
    if (isStopping) return;
    isStopping = true;
    await Promise.all([watcher.close(), queue.then(() => end(app)), site?.close()]);
    process.exit(0);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'disconnect']) process.on(signal, () => void stop());
}

/** In this process, so that it cannot outlive it. */
async function watchSite() {
  const vite = await import('vite');
  const watcher = await vite.build({ root: appDir, configFile: viteConfig, build: { watch: {} } });
  return 'close' in watcher ? watcher : undefined;
}

/**
 * A process group of its own, so that Ctrl-C reaches the child once, from us; and an IPC channel whose end
 * tells it that we are gone.
 * @param {string[]} args
 * @param {NodeJS.ProcessEnv} env
 */
function run(args, env) {
  return spawn(process.execPath, args, {
    cwd: appDir,
    env,
    detached: true,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
}

/** SIGTERM, and SIGKILL after 5 s. @param {import('node:child_process').ChildProcess | undefined} child */
function end(child) {
  return new Promise((resolve) => {
    if (!child || child.exitCode !== null || child.signalCode !== null) return resolve(undefined);
    const timer = setTimeout(() => child.kill('SIGKILL'), childStopMs);
    child.once('exit', () => {
      clearTimeout(timer);
      resolve(undefined);
    });
    child.kill('SIGTERM');
  });
}

const [mode] = process.argv.slice(2);
if (mode === 'build') await build();
else if (mode === 'serve') await serve();
else {
  console.error('usage (in the folder of an app): node-app.mjs build|serve');
  process.exitCode = 1;
}
