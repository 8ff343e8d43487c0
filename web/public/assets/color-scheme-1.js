// Sets the colour scheme before the first paint. A file of its own, because the page allows no inline scripts; served as
// immutable like everything in assets/, so a change needs a new number in its name.
{
  const kept = localStorage.getItem("safelight-color-scheme");
  const dark = kept === "dark" || (kept !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.dataset.mantineColorScheme = dark ? "dark" : "light";
}
