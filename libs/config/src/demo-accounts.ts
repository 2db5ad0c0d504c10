/** Accounts for trying things out, with the ids that gochat's clients know them by. Everybody knows their password: dev only. */
export const demoAccounts = {
  password: '111111',
  ids: { demo: 3, demo1: 4, demo2: 5, demo3: 6 },
} as const;
