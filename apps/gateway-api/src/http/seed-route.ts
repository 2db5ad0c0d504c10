/** Whether a URL is one of gochat's. */
export function isSeedRoute(url: string): boolean {
  return /^\/(user|push)\//.test(url);
}
