// The theme is read at each drawing: the user may switch between light and dark at any time.
function luminance(colour) {
  const context = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  context.fillStyle = colour || "#fff"; // any notation that CSS knows
  context.fillRect(0, 0, 1, 1);
  const [red, green, blue] = context.getImageData(0, 0, 1, 1).data;
  return (0.2126 * red + 0.7152 * green + 0.0722 * blue) / 255;
}

// Curves need 4.5:1 against their ground, so each theme has its own; live_chart.css holds them.
function readTheme(root) {
  const ground = getComputedStyle(root).getPropertyValue("--st-background-color").trim();
  root.dataset.theme = luminance(ground) < 0.5 ? "dark" : "light";
  const css = getComputedStyle(root), get = (name) => css.getPropertyValue(name).trim();
  return {
    text: get("--st-text-color") || "#333", quiet: get("--live-quiet"), grid: get("--live-grid"),
    font: get("--st-font") || "sans-serif", ground,
    training: get("--live-training"), validation: get("--live-validation"), gap: get("--live-gap"),
    pale: get("--live-rate-first"), deep: get("--live-rate-last"),
  };
}

// #rrggbb between two colours; and with an alpha, which Plotly understands as eight hex digits.
function between(first, last, share) {
  const parts = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16)), [a, b] = [parts(first), parts(last)];
  return "#" + a.map((v, i) => Math.round(v + (b[i] - v) * share).toString(16).padStart(2, "0")).join("");
}
const faint = (hex, alpha) => hex + Math.round(255 * alpha).toString(16).padStart(2, "0");
