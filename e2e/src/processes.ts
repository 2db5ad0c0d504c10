import { readFileSync } from 'node:fs';

const CLOCK_TICKS_PER_SECOND = 100;

/** CPU seconds that a process has used so far, all its threads; proc(5). Linux. */
export function cpuSecondsOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / CLOCK_TICKS_PER_SECOND;
}

/** CPU seconds by process. */
export type CpuUse = Readonly<Record<string, number>>;

/** What a job costs each process. */
export async function cpuOf<T>(
  pids: Readonly<Record<string, number>>,
  job: () => Promise<T>,
): Promise<{ readonly result: T; readonly cpu: CpuUse }> {
  const before = Object.entries(pids).map(([name, pid]) => [name, pid, cpuSecondsOf(pid)] as const);
  const result = await job();
  return {
    result,
    cpu: Object.fromEntries(before.map(([name, pid, seconds]) => [name, cpuSecondsOf(pid) - seconds])),
  };
}

export const totalOf = (cpu: CpuUse): number => Object.values(cpu).reduce((sum, seconds) => sum + seconds, 0);
