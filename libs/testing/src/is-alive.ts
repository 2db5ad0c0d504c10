/** Whether a process of this machine runs that this one may signal. @see kill(2), signal 0 */
export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
