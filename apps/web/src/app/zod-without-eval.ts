import { config } from 'zod';

// zod compiles schemas with `new Function` where it may. The content security policy forbids it, and every try would
// be reported as a violation. Imported first, before any schema is used.
config({ jitless: true });
