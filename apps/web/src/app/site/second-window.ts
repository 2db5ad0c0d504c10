/**
 * The log-in page where somebody can be another user in the same browser: the device has several names for itself, and each
 * has a log-in of its own. Undefined where the page was not opened by one of them.
 *
 * @param page - `window.location`, or its parts.
 */
export function secondWindow(page: {
  readonly protocol: string;
  readonly hostname: string;
  readonly port: string;
}): string | undefined {
  const other = { localhost: '127.0.0.1', '127.0.0.1': 'localhost', '[::1]': 'localhost' }[page.hostname];
  if (other === undefined) return undefined;
  return `${page.protocol}//${other}${page.port && `:${page.port}`}/login`;
}
