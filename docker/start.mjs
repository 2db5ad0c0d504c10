/**
 * The first process of a container. The kernel keeps signals from it that it does not ask for: until the app listens to them
 * itself, a SIGTERM would be lost, and the container killed when its grace period is over.
 */
for (const signal of ['SIGTERM', 'SIGINT'])
  process.on(signal, () => {
    if (process.listenerCount(signal) === 1) process.exit(0);
  });

await import('./main.js');
