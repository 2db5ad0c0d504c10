/**
 * @typedef {object} Advisory A known vulnerability of a package that production has.
 * @property {string} id of the advisory, `GHSA-…`, as `npm audit` links it.
 * @property {string} name of the package.
 * @property {string} severity
 * @property {string} title
 *
 * @typedef {{ advisories: Advisory[] } | { unanswered: string }} AuditAnswer `unanswered`: why the registry said nothing.
 */

/**
 * What `npm audit --json` says.
 *
 * @param {string} output
 * @returns {AuditAnswer} each advisory once for each package.
 */
export function readAudit(output) {
  /** @type {any} */
  let said;
  try {
    said = JSON.parse(output);
  } catch {
    return { unanswered: output.trim().split('\n')[0] || 'npm audit said nothing' };
  }
  // A registry without this endpoint (a mirror, an offline cache) refuses; npm tells that as JSON, too.
  if (typeof said.vulnerabilities !== 'object' || said.vulnerabilities === null)
    return { unanswered: String(said.message ?? said.error?.summary ?? 'it is no answer of npm audit') };
  /** @type {Map<string, Advisory>} */
  const found = new Map();
  for (const { via } of Object.values(said.vulnerabilities))
    // A text is the name of another package in this list, by which this one is concerned.
    for (const one of via)
      if (typeof one === 'object') {
        const { name, severity, title, url } = one;
        const id = /GHSA-[\w-]+/.exec(url ?? '')?.[0] ?? String(one.source);
        found.set(`${id} ${name}`, { id, name, severity, title });
      }
  return { advisories: [...found.values()] };
}

/**
 * @param {Advisory[]} advisories
 * @param {Record<string, string>} answered by id: why it does not concern Parley.
 * @returns {string[]} a sentence for each that nobody has answered, and for each answer that is to nothing any more.
 */
export function auditProblems(advisories, answered) {
  return [
    ...advisories
      .filter(({ id }) => !(id in answered))
      .map(({ id, name, severity, title }) => `${name}: ${title} (${severity}, ${id})`),
    ...Object.keys(answered)
      .filter((id) => !advisories.some((advisory) => advisory.id === id))
      .map((id) => `${id} is answered in docs/vulnerabilities.json and concerns no package any more`),
  ];
}
