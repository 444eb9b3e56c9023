// Sets the theme before the first paint, so that a dark page never flashes white. The Content
// Security Policy allows no inline script, so this is a file. Settings write the same key.
(function () {
  var theme = null;
  try {
    theme = localStorage.getItem('hub.theme');
  } catch (_) {
    // Storage may be forbidden: then the system's theme holds.
  }
  if (theme !== 'light' && theme !== 'dark') {
    theme = matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
  }
  document.documentElement.dataset.theme = theme;
})();

// Asked here, the hub's answer is on its way while the program itself is still being fetched.
window.hubAsked = fetch('/api/hub', { credentials: 'same-origin', cache: 'no-store' });
window.hubAsked.catch(function () {});
