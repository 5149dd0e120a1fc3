// Sets the theme before the first paint. A classic script: it runs before anything is drawn.
{
  let theme = "auto";
  try {
    theme = JSON.parse(localStorage.getItem("catchment.theme") ?? '"auto"');
  } catch {
    // Storage may be forbidden or hold anything.
  }
  const dark = theme === "dark" || (theme !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.dataset.theme = dark ? "dark" : "light";
}
