import { spawn } from 'node:child_process';

/** An app for the supervisor's tests. `APP_DOES` says what it does; SIGUSR2 tells it to go on. */
const does = new Set((process.env.APP_DOES ?? '').split(' '));
/** @param {string} msg @param {object} [fields] */
const say = (msg, fields) => process.stdout.write(`${JSON.stringify({ level: 30, msg, ...fields })}\n`);
const serve = () => say('ready', { ports: { http: process.pid } });

// Whatever a test leaves behind ends with it, as the apps do.
process.once('disconnect', () => process.exit(0));
setInterval(() => {}, 60_000);

process.on('SIGTERM', () => {
  // Listens before it says so: a test answers at once, and a signal nobody listens to ends the process.
  if (does.has('drain')) process.once('SIGUSR2', () => process.exit(0));
  say('told to end');
  if (does.has('drain')) return;
  if (!does.has('not-end')) process.exit(does.has('fail-to-end') ? 1 : 0);
});

if (does.has('have-a-child')) {
  // It keeps the pipes open, and nobody tells it to end.
  const { pid } = spawn('sleep', ['600'], { stdio: 'inherit' });
  say('child', { child: pid });
}
if (does.has('fail')) {
  for (let i = 1; i <= 30; i++) console.error(`line ${i}`);
  process.exit(3);
}
if (does.has('be-misconfigured')) {
  console.error('PARLEY_HOSTT is not a known variable');
  process.exit(78);
}
if (does.has('wait')) process.on('SIGUSR2', serve);
say('up', {
  pid: process.pid,
  supervised: process.env.PARLEY_SUPERVISED,
  connected: process.connected,
  cwd: process.cwd(),
});
console.error('on stderr');
if (!does.has('wait') && !does.has('stay-silent')) serve();
