import path from 'node:path';
import { findOrStartRedis } from '../../lib/redis/find-or-start.mjs';
import { Shutdown } from '../../lib/shutdown.mjs';
import { acquireStartLock } from '../../lib/start-lock.mjs';
import { SupervisedApp } from '../../lib/supervisor.mjs';

/** What `npm start` runs, with fixtures for apps: `<data folder> <port for Redis> <what the apps do>`. */
const [dataDir = '', redisPort, does] = process.argv.slice(2);
/** @param {string} line */
const say = (line) => void process.stdout.write(`${line}\n`);

// Longer than any test: what ends sooner does not end by this deadline.
const shutdown = new Shutdown({ say, appStopMs: 600_000 });
shutdown.listen();
shutdown.releaseLock = acquireStartLock(dataDir);
shutdown.redis = findOrStartRedis({ dataDir, say, usualPort: Number(redisPort) });
say('redis is starting');
const redis = await shutdown.redis.catch((error) => {
  // The search was ended, too.
  if (!shutdown.started) throw error;
});
redis?.keepAlive((what) => say(what));
if (!shutdown.started) {
  const entry = path.join(import.meta.dirname, 'supervised-app.fixture.mjs');
  for (const name of ['first', 'second']) {
    const env = { ...process.env, APP_DOES: does };
    const onLine = (/** @type {string} */ app, /** @type {string} */ line) => say(`${app}: ${line}`);
    const onEvent = (/** @type {string} */ app, /** @type {string} */ what) => say(`${app}: ${what}`);
    shutdown.apps.push(new SupervisedApp({ name, entry, cwd: dataDir, env }, { onLine, onEvent }));
  }
  await Promise.all(shutdown.apps.map((app) => app.start()));
  say(`all ready ${shutdown.apps.map(({ pid }) => pid).join(' ')}`);
}
