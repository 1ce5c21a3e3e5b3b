// Light or dark: what was chosen here before, else what the machine prefers.

export function theme() {
  return document.documentElement.dataset.theme;
}

export function chooseTheme(change = false) {
  const preferred = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  const asked = new URLSearchParams(location.search).get("theme");
  let chosen = theme() || asked || localStorage.getItem("theme") || preferred;
  if (change) {
    chosen = chosen === "dark" ? "light" : "dark";
    localStorage.setItem("theme", chosen);
  }
  document.documentElement.dataset.theme = chosen;
}
