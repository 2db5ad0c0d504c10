import { hostInUrl, localName, networkAddresses } from './addresses.mjs';
import { reachOf } from './lan.mjs';
import { duration } from './output.mjs';

const watchIntervalMs = 5_000;
const labelWidth = 10;

/**
 * @typedef {object} BannerOptions
 * @property {string} host where the apps listen.
 * @property {boolean} lan whether people at other machines are meant to come.
 * @property {boolean} hasDemoAccounts
 * @property {boolean} [tls] whether they have a certificate.
 * @property {number} elapsedMs
 * @typedef {Pick<import('./supervisor.mjs').SupervisedApp, 'spec' | 'ports'>} RunningApp
 * @typedef {[label: string, text: string]} Row
 */

/**
 * Says that Parley is ready, and where.
 *
 * @param {import('./output.mjs').Output} out
 * @param {readonly RunningApp[]} apps
 * @param {BannerOptions} options
 */
export async function printBanner(out, apps, { host, lan, hasDemoAccounts, elapsedMs, tls = false }) {
  const portsOf = (/** @type {string} */ name) => apps.find((app) => app.spec.name === name)?.ports ?? {};
  const here = reachOf(host) === 'there' ? hostInUrl(host) : 'localhost';
  const s = tls ? 's' : '';
  const gateways = apps
    .filter((app) => app.spec.name.startsWith('connect-gateway'))
    .map(
      ({ ports }) =>
        `ws${s}://${here}:${ports.ws}/ws, tcp ${ports.tcp ?? 'off'}${tls && ports.tcp ? ' (TLS)' : ''}`,
    );
  const site = portsOf('web').http ?? 0;
  out.line('');
  out.line(`${out.paint('bold', 'Parley is ready')} (${duration(elapsedMs)})`);
  printRows(out, [
    ['Chat', `http${s}://${here}:${site}`],
    ['API docs', `http${s}://${here}:${portsOf('gateway-api').http}/docs`],
    ...gateways.map((gateway, i) => /** @type {Row} */ ([i === 0 ? 'Gateways' : '', gateway])),
    ...(hasDemoAccounts ? [/** @type {Row} */ (['Accounts', 'demo demo1 demo2 demo3 / 111111'])] : []),
    ['Stop', 'Ctrl-C'],
  ]);
  if (lan) await printLan(out, { host, port: site, tls, hasDemoAccounts });
  out.line('');
}

/** @param {import('./output.mjs').Output} out @param {readonly Row[]} rows */
function printRows(out, rows) {
  for (const [label, text] of rows) out.line(`  ${out.paint('dim', label.padEnd(labelWidth))} ${text}`);
}

/**
 * @param {import('./output.mjs').Output} out
 * @param {Where & { hasDemoAccounts: boolean }} options
 */
async function printLan(out, { hasDemoAccounts, ...where }) {
  const sites = await sitesOnTheNetwork(where);
  out.line('');
  const [first] = sites;
  if (!first) {
    out.line('This machine has no network address now. It is printed here as soon as it has one.');
    return;
  }
  out.line(out.paint('bold', 'For everybody on this network'));
  printSites(out, sites);
  await printCode(out, first.url);
  const notes = [
    'Nothing opens there? This machine’s firewall has to let Node.js in, and some guest networks keep their guests apart.',
    where.tls
      ? 'Browsers warn of the certificate where it is not for the address that was opened.'
      : 'It is plain HTTP: who can listen in on the network can read along.',
    ...(hasDemoAccounts
      ? ['Anybody can be demo: its password is printed above. For a class, let everybody register a name.']
      : []),
  ];
  for (const note of notes) out.line(`  ${out.paint('dim', note)}`);
}

/**
 * @typedef {{ host: string, port: number, tls?: boolean }} Where the site listens, and whether with a certificate.
 * @typedef {{ url: string, note: string }} Site
 * @param {Where} where
 * @returns {Promise<Site[]>}
 */
async function sitesOnTheNetwork({ host, port, tls = false }) {
  const scheme = tls ? 'https' : 'http';
  if (reachOf(host) === 'there') return [{ url: `${scheme}://${hostInUrl(host)}:${port}`, note: '' }];
  const isIpv4Only = host === '0.0.0.0';
  const addresses = networkAddresses().filter((address) => !isIpv4Only || !address.host.startsWith('['));
  const sites = addresses.map(({ host: own, via, isTunnel }) => ({
    url: `${scheme}://${own}:${port}`,
    note: isTunnel ? `${via}, for those in the same VPN` : via,
  }));
  const name = await localName(addresses);
  if (name) sites.push({ url: `${scheme}://${name}:${port}`, note: 'the name of this machine' });
  return sites;
}

/** @param {import('./output.mjs').Output} out @param {readonly Site[]} sites */
function printSites(out, sites) {
  const width = Math.max(...sites.map(({ url }) => url.length));
  printRows(
    out,
    sites.map(({ url, note }, i) => [
      i === 0 ? 'Chat' : '',
      note ? `${url.padEnd(width)}  ${out.paint('dim', note)}` : url,
    ]),
  );
}

/** @param {import('./output.mjs').Output} out @param {string} url */
async function printCode(out, url) {
  // Only now: this file is loaded before the dependencies are there.
  const { renderUnicodeCompact } = await import('uqr');
  const lines = renderUnicodeCompact(url, { border: 2 }).split('\n');
  if ((out.columns ?? Infinity) < (lines[0]?.length ?? 0) + 2) return;
  out.line('');
  // Its light squares are drawn: white on black in every theme, because some cameras do not read it the other way round.
  for (const line of lines) out.line(`  ${out.paint(['whiteBright', 'bgBlack'], line)}`);
  out.line('');
}

/**
 * Prints the addresses again when they change: a laptop is carried from room to room.
 *
 * @param {import('./output.mjs').Output} out
 * @param {Where} where
 * @returns {() => void} ends it.
 */
export function watchAddresses(out, where) {
  if (reachOf(where.host) === 'there') return () => undefined;
  const present = () => JSON.stringify(networkAddresses());
  let known = present();
  const timer = setInterval(() => {
    const now = present();
    if (now === known) return;
    known = now;
    void sitesOnTheNetwork(where).then(async (sites) => {
      const [first] = sites;
      if (!first) return out.line('This machine has left the network.');
      out.line('The addresses of this machine have changed:');
      printSites(out, sites);
      await printCode(out, first.url);
    });
  }, watchIntervalMs);
  timer.unref();
  return () => clearInterval(timer);
}
