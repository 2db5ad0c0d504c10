/** The five processes of Parley, as they are called in `apps/`, in the registry and in logs. */
export const appNames = ['gateway-api', 'logic', 'connect-gateway', 'task-worker', 'web'] as const;

/** One of the five processes. */
export type AppName = (typeof appNames)[number];

/** `dev`: one machine, example secrets and demo accounts allowed. `prod`: both refused. */
export type Environment = 'dev' | 'prod';
