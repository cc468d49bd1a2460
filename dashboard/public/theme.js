// Applies the theme that was chosen in this browser; preferences.ts writes it.
try {
  const { theme } = JSON.parse(localStorage.getItem("hookwatch.preferences") || "{}");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // Storage may be forbidden or hold nonsense; the system's theme is used then.
}
