import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';

const hasProc = existsSync('/proc/self/stat');

/**
 * @param {number} pid
 * @returns {boolean} true while a process with this id exists (a zombie of someone else counts as gone).
 */
export function isAlive(pid) {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'EPERM') return false;
  }
  return readStat(pid)?.state !== 'Z';
}

/**
 * Identifies one life of a process id: ids are reused, start times with the boot id are not.
 * @param {number} pid
 * @returns {string | undefined} undefined when there is no such process.
 */
export function processIdentity(pid) {
  if (!isAlive(pid)) return undefined;
  if (hasProc) {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return `${boot}:${readStat(pid)?.startTicks}`;
  }
  const started = spawnSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).stdout;
  return started?.trim() || undefined;
}

/**
 * @param {number} pid
 * @returns {string} the command line, empty when it is unknown.
 */
export function commandOf(pid) {
  if (!hasProc)
    return (spawnSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' }).stdout ?? '').trim();
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
  } catch {
    return '';
  }
}

/**
 * Every living process below `pid`, whatever process group or session it moved to.
 * @param {number} pid
 * @returns {number[]} children before grandchildren; `pid` itself is not included.
 */
export function descendantsOf(pid) {
  /** @type {Map<number, number[]>} */
  const children = new Map();
  for (const [child, parent] of processTable())
    children.set(parent, [...(children.get(parent) ?? []), child]);
  /** @type {number[]} */
  const found = [];
  const queue = [pid];
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    for (const child of children.get(next) ?? []) {
      if (found.includes(child)) continue;
      found.push(child);
      queue.push(child);
    }
  }
  return found;
}

/** @returns {[pid: number, parent: number][]} */
function processTable() {
  if (hasProc) {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .flatMap((name) => {
        const stat = readStat(Number(name));
        return stat ? [/** @type {[number, number]} */ ([Number(name), stat.parent])] : [];
      });
  }
  const out = spawnSync('ps', ['-axo', 'pid=,ppid='], { encoding: 'utf8' }).stdout ?? '';
  return out
    .trim()
    .split('\n')
    .map((row) => /** @type {[number, number]} */ (row.trim().split(/\s+/).map(Number)));
}

/** @param {number} pid */
function readStat(pid) {
  if (!hasProc) return undefined;
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The command name stands in parentheses and may itself contain spaces and parentheses.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return { state: fields[0], parent: Number(fields[1]), startTicks: fields[19] };
  } catch {
    return undefined;
  }
}
