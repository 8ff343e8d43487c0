// Sets the colour scheme before the first paint. A file of its own, because the page allows no inline scripts.
{
  const kept = localStorage.getItem("safelight-color-scheme");
  const dark = kept === "dark" || (kept !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.dataset.mantineColorScheme = dark ? "dark" : "light";
}
