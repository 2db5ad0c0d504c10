import { configureGlobal } from 'fast-check';

// A mutant needs one failure, not the smallest counterexample of it.
configureGlobal({ endOnFailure: true });
