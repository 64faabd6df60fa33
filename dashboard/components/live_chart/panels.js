// A panel is what the server says it is: { id, title, help, unit, scale, lines }. A line of it names its curve, its
// label, its help and its role, which decides how it is drawn.
import { between, faint } from "./colours.js";
import { figure, percent } from "./words.js";

const EMPTY = { step: [], mean: [] };

// A backdrop is the noisy line of single steps behind the measured ones.
const STYLES = {
  step: { colour: "training", width: 1, backdrop: true },
  training: { colour: "training", points: true },
  validation: { colour: "validation", dash: "7px,5px", points: true },
  difference: { colour: "gap", points: true, band: 0.22 },
  detail: { colour: "validation", dash: "2px,4px", width: 1.8, band: 0.12, hidden: true },
};
const DASHES = ["solid", "6px,3px", "2px,3px"];

// Numbers of a panel as its axis and its lines' names write them.
export const formatOf = (panel) => (panel.unit === "share" ? percent : figure);

// The panel's lines with their points and their style; x in `per` steps.
export function linesOf(panel, curves, colours, per) {
  return panel.lines.map(({ curve, label, help, role }, i) => {
    const { step, mean, low, high } = curves?.[curve] ?? EMPTY;
    // A logarithmic axis has no zero: the line of a frozen stage has a gap there.
    const y = panel.scale === "log" ? mean.map((value) => value || null) : mean;
    return { name: label, help, x: step.map((each) => each / per), y, low, high, ...styleOf(role, i, panel, colours) };
  });
}

function styleOf(role, i, panel, colours) {
  if (role !== "rate" && role !== "term") return { ...STYLES[role], colour: colours[STYLES[role].colour] };
  const last = panel.lines.length - 1;
  const colour = last ? between(colours.muted, colours.accent, i / last) : colours.accent;
  const shape = role === "rate" ? "hv" : "linear"; // a rate is stored where it changes
  return { colour, dash: DASHES[(last - i) % 3], width: 2, shape };
}

export function lastPoint({ x, y }) {
  const i = y.findLastIndex(Number.isFinite);
  return i < 0 ? null : { x: x[i], y: y[i] };
}

export function tracesOf(line, hidden, format) {
  const { x, y, colour, name } = line, visible = !hidden;
  const drawn = { color: colour, width: line.width ?? 2.4, dash: line.dash ?? "solid", shape: line.shape ?? "linear" };
  const main = {
    x, y, visible, name, line: drawn, marker: { size: 5, color: colour },
    text: y.map((value) => (value === null ? "" : `${name} ${format(value)}`)), hovertemplate: "%{text}<extra></extra>",
    mode: line.points && x.length <= 60 ? "lines+markers" : "lines", connectgaps: false, cliponaxis: !line.points,
    opacity: line.backdrop ? 0.45 : 1,
  };
  if (!line.low?.length) return [main];
  const edge = { x, visible, mode: "lines", line: { width: 0 }, hoverinfo: "skip" };
  const upper = { ...edge, y: line.high, fill: "tonexty", fillcolor: faint(colour, line.band ?? 0.14) };
  return [{ ...edge, y: line.low }, upper, main];
}
