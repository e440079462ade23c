// Chosen before anything is drawn, so that no page flashes in the other theme.
(() => {
  const key = 'atelier-theme';
  const stored = () => { try { return localStorage.getItem(key); } catch { return null; } };
  const apply = theme => { if (theme) document.documentElement.dataset.theme = theme; else delete document.documentElement.dataset.theme; };
  apply(stored());
  window.atelierTheme = {
    current: () => document.documentElement.dataset.theme ?? 'automatic',
    next() {
      const order = ['automatic', 'dark', 'light'];
      const theme = order[(order.indexOf(this.current()) + 1) % order.length];
      try { if (theme === 'automatic') localStorage.removeItem(key); else localStorage.setItem(key, theme); } catch { /* Kept for this page only. */ }
      apply(theme === 'automatic' ? null : theme);
      document.dispatchEvent(new Event('themechange'));
    },
  };
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => document.dispatchEvent(new Event('themechange')));
})();
