/** Version that processes report of themselves. */
export const VERSION = '0.1.0';
