// Everything around the lines of a panel: ranges, grid, the best epoch and the phases.
import { faint } from "./colours.js";
import { figure } from "./words.js";

const TOP = 24, BOTTOM = 42, LEFT = 46, RIGHT = 118; // pixels around a plot; on the right stand the lines' names

export function layoutOf(panel, range, answer, per, view, colours) {
  const across = panel.element.clientWidth - LEFT - RIGHT, phased = answer.marks?.phases?.length > 1;
  const ends = view ?? [0, spanOf(answer) / per], span = ends[1] - ends[0];
  const number = { size: 11, color: colours.muted }, log = panel.scale === "log";
  return {
    autosize: true, showlegend: false, hovermode: "x unified", ...marksOf(answer, per, ends, across, colours),
    margin: { t: phased ? TOP + 16 : TOP, r: RIGHT, b: BOTTOM, l: LEFT },
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: colours.font, size: 12, color: colours.text },
    hoverlabel: { bgcolor: colours.ground, bordercolor: colours.muted, font: { size: 12, color: colours.text } },
    // On a touch screen a finger on the chart scrolls the page.
    dragmode: matchMedia("(pointer: coarse)").matches ? false : "zoom",
    // Both ranges are ours, zoomed or not: Plotly would give a zoom up as soon as the range it replaced had moved on.
    xaxis: {
      range: ends, uirevision: String(ends), showgrid: false, zeroline: false, tickfont: number, showspikes: false,
      title: { text: per === 1 ? "steps" : "epochs", font: number, standoff: 4 },
      // Points lie within an epoch, too: "3.625" alone says nothing.
      unifiedhovertitle: { text: per === 1 ? "after step %{x:,d}" : "after %{x:.3~g} epochs" },
      ...(span >= 2 ? { tick0: 0, dtick: Math.max(1, niceStep(span, 10)) } : {}),
    },
    yaxis: {
      range, type: log ? "log" : "linear", uirevision: String(range), gridcolor: colours.line,
      zeroline: hasZeroLine(panel), zerolinecolor: colours.muted, tickfont: number, nticks: 6,
      ...(panel.unit === "share" ? { tickformat: ".0%" } : {}), ...(log ? powersOfTen(range) : {}),
    },
  };
}

export function yRange(panel, lines) {
  const values = lines.flatMap(valuesOf).filter(Number.isFinite), most = panel.unit === "share" ? 1 : Infinity;
  if (panel.scale === "log") return logRange(values);
  if (!values.length) return [0, Math.min(1.5, most)];
  const zero = hasZeroLine(panel), ends = zero ? [...values, 0] : values;
  let low = Math.min(...ends), high = Math.max(...ends);
  const step = niceStep(Math.max(high - low, Math.abs(high) * 0.05, 1e-6), 5);
  low = Math.floor(low / step + 1e-9) * step;
  high = Math.min(Math.ceil(high / step - 1e-9) * step, most);
  const room = (high - low) * 0.03; // a line on the edge would be cut in half
  return [low - (low === 0 && !zero ? 0 : room), high + room];
}

// As long as more is to come there is room for it; what has ended fills the width.
export function spanOf(answer) {
  const per = answer.steps_per_epoch || 1, ended = answer.state === "finished" || answer.state === "stopped";
  const planned = answer.steps_total || (answer.epochs || 1) * per;
  return Math.max(1, ended && answer.steps ? Math.ceil(answer.steps / per) * per : planned);
}

const hasZeroLine = (panel) => panel.lines.some(({ role }) => role === "difference");

const valuesOf = (line) => (line.backdrop ? middle(line.y) : [...line.y, ...(line.low ?? []), ...(line.high ?? [])]);

// Nine tenths of a noisy line decide its range, so that one wild batch does not flatten everything else.
function middle(values) {
  const sorted = values.filter(Number.isFinite).sort((a, b) => a - b), cut = Math.floor(sorted.length * 0.03);
  return sorted.length ? [sorted[cut], sorted[sorted.length - 1 - cut]] : [];
}

function logRange(values) {
  const positive = values.filter((value) => value > 0), most = Math.max(...positive, 1e-6);
  const least = Math.max(Math.min(...positive, most / 10), most / 1000); // a schedule ends near zero
  return [Math.log10(least) - 0.15, Math.log10(most) + 0.15];
}

function powersOfTen([low, high]) {
  const powers = Array.from({ length: Math.floor(high) - Math.ceil(low) + 1 }, (_, i) => 10 ** (Math.ceil(low) + i));
  return { tickmode: "array", tickvals: powers, ticktext: powers.map(figure) };
}

// The axis moves in steps of 1, 2 or 5 so that it does not crawl with each new point.
function niceStep(span, parts) {
  const raw = span / parts, base = 10 ** Math.floor(Math.log10(raw));
  return base * [1, 2, 5, 10].find((times) => times * base >= raw * 0.999);
}

// The best epoch and the phases, as upright lines with a word above them.
function marksOf(answer, per, ends, wide, colours) {
  const { best_step, phases = [] } = answer.marks ?? {};
  const shapes = [], annotations = [], pixels = (steps) => (steps / per / (ends[1] - ends[0])) * wide;
  const upright = (step, dash) => shapes.push({
    type: "line", x0: step / per, x1: step / per, y0: 0, y1: 1, yref: "paper",
    line: { color: faint(colours.muted, 0.6), width: 1, dash }, layer: "below",
  });
  const word = (step, text, anchor, up) => annotations.push({
    x: step / per, y: 1, yref: "paper", yanchor: "bottom", yshift: up, text, showarrow: false, xanchor: anchor,
    font: { size: 11, color: colours.muted }, captureevents: false,
  });
  if (phases.length > 1) {
    phases.forEach(({ step, name }, i) => {
      if (i) upright(step, "solid");
      // Of a phase that began before what is shown, the name stands where it is first seen.
      const begins = Math.max(step, ends[0] * per), room = pixels(Math.min(phases[i + 1]?.step ?? Infinity, ends[1] * per) - begins);
      const text = [escaped(name), `phase ${i + 1}`, String(i + 1)].find((each) => room > 6.2 * each.length);
      if (text) word(begins, text, "left", 14);
    });
  }
  if (best_step && best_step >= ends[0] * per && best_step <= ends[1] * per) {
    upright(best_step, "dot");
    word(best_step, "best", "center", 0);
  }
  return { shapes, annotations };
}

// Plotly reads a little HTML in its texts; a name that somebody typed stays text.
const escaped = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
