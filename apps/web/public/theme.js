// Runs before the first paint, so that a chosen theme does not flash in the other colours, nor messages jump.
try {
  const theme = localStorage.getItem('parley.theme');
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
  if (localStorage.getItem('parley.density') === 'compact')
    document.documentElement.dataset.density = 'compact';
} catch {
  // Storage is blocked: the system's theme it is.
}
