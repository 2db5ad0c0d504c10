/** Injection token of the process's throttled `ErrorLog`, for what goes wrong where no caller is told. */
export const ERROR_LOG = Symbol('ERROR_LOG');
