/** Injection token: whether there are demo accounts here. */
export const DEMO = Symbol('DEMO');
