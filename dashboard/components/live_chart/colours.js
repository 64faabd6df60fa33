// The theme's colours stand in style.css, each for light and for dark. They are read at each drawing: the user may
// switch at any time. Plotly knows neither var() nor light-dark(), so the browser is asked what they come to.
const FALLBACKS = {
  text: "#333333", muted: "#666666", ground: "#ffffff", line: "#dddddd", accent: "#1f7a55",
  training: "#0072b2", validation: "#b94f00", gap: "#9a5b9d",
};

export function readTheme(root) {
  const probe = root.querySelector(".live-probe");
  const hex = ([name, fallback]) => {
    probe.style.color = `var(--${name}, ${fallback})`;
    const channels = getComputedStyle(probe).color.match(/[\d.]+/g).slice(0, 3);
    return [name, "#" + channels.map((channel) => twoDigits(Number(channel))).join("")];
  };
  return { ...Object.fromEntries(Object.entries(FALLBACKS).map(hex)), font: getComputedStyle(root).fontFamily };
}

// #rrggbb between two colours.
export function between(first, last, share) {
  const channels = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
  const end = channels(last);
  return "#" + channels(first).map((value, i) => twoDigits(value + (end[i] - value) * share)).join("");
}

// With an alpha, which Plotly understands as two more hex digits.
export const faint = (hex, alpha) => hex + twoDigits(255 * alpha);

const twoDigits = (value) => Math.round(value).toString(16).padStart(2, "0");
