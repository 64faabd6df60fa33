// The theme's colours stand in style.css, each for light and for dark. They are read at each drawing: the user may
// switch at any time. Plotly knows neither var() nor light-dark(), so the browser is asked what they come to.
function readTheme(root) {
  const probe = root.querySelector(".live-probe"), style = getComputedStyle(root);
  const hex = (name, otherwise) => {
    probe.style.color = `var(${name}, ${otherwise})`;
    const parts = getComputedStyle(probe).color.match(/[\d.]+/g).slice(0, 3);
    return "#" + parts.map((part) => Math.round(Number(part)).toString(16).padStart(2, "0")).join("");
  };
  return {
    words: hex("--text", "#333333"), muted: hex("--muted", "#666666"), ground: hex("--ground", "#ffffff"), line: hex("--line", "#dddddd"),
    accent: hex("--accent", "#1f7a55"), training: hex("--training", "#0072b2"), validation: hex("--validation", "#b94f00"), gap: hex("--gap", "#9a5b9d"),
    font: style.fontFamily,
  };
}

// #rrggbb between two colours; and one with an alpha, which Plotly understands as eight hex digits.
function between(first, last, share) {
  const parts = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16)), [a, b] = [parts(first), parts(last)];
  return "#" + a.map((v, i) => Math.round(v + (b[i] - v) * share).toString(16).padStart(2, "0")).join("");
}
const faint = (hex, alpha) => hex + Math.round(255 * alpha).toString(16).padStart(2, "0");
