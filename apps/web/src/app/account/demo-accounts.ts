import { z } from 'zod';

/** Accounts for trying Parley out, as `GET /config.json` names them. */
export const demoAccountsSchema = z.object({ userNames: z.array(z.string()), password: z.string() });
export type DemoAccounts = z.infer<typeof demoAccountsSchema>;
