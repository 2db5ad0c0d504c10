import { PostgresCopier } from '../../backup/postgres-copier.js';

/** A restore in a process of its own, which a test can kill. */
const [url = '', file = '', statements] = process.argv.slice(2);
await new PostgresCopier(url, statements).restore(file);
