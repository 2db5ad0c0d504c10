// Stands in the page itself, and runs before anything is painted: colours and sizes do not change later, and what the
// page will need is on its way before the first script has come. vite.config.mts puts it there, with the names of the files.
(() => {
  const files = FILES_OF_PARTS;
  const root = document.documentElement;
  const stored = (key) => {
    try {
      return localStorage.getItem(key);
    } catch {
      return null; // Storage is blocked: the system's choices it is.
    }
  };
  const theme = stored('parley.theme');
  if (theme === 'light' || theme === 'dark') root.dataset.theme = theme;
  if (stored('parley.density') === 'compact') root.dataset.density = 'compact';

  // As preferences.ts chooses.
  const tags = [stored('parley.language'), ...navigator.languages].map((tag) => String(tag).toLowerCase());
  const language = tags.find((tag) => /^(en|zh)\b/.test(tag)) ?? 'en';
  const needed = [...files[language.slice(0, 2)]];
  if (stored('parley.session') !== null) needed.push(...files.server, ...files.chat);
  for (const href of new Set(needed)) {
    const link = document.createElement('link');
    const isStyle = href.endsWith('.css');
    link.rel = isStyle ? 'preload' : 'modulepreload';
    if (isStyle) link.as = 'style';
    link.crossOrigin = '';
    link.href = href;
    document.head.append(link);
  }
})();
