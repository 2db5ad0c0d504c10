/** Calls every second, until the returned function is called. For `useSyncExternalStore`. */
export function everySecond(listener: () => void): () => void {
  const timer = setInterval(listener, 1_000);
  return () => clearInterval(timer);
}
