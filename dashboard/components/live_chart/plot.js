// One panel on the page: its figure, and Plotly's chart in it.
import { layoutOf, yRange } from "./axes.js";
import { placeLabels } from "./labels.js";
import { formatOf, lastPoint, linesOf, tracesOf } from "./panels.js";

const OPTIONS = { responsive: true, displayModeBar: false, showTips: false, doubleClick: false };

// hidden: names of the lines that the user does not want to see. upwards: the vertical range that was zoomed to. Both
// may be kept from before a reload.
export function makePanel(id, kept) {
  const figure = document.createElement("figure");
  figure.dataset.panel = id;
  figure.innerHTML = `<figcaption><h2></h2><span class="help"></span></figcaption><div class="live-plot">
    <div class="graft-chart" role="img"></div><div class="live-labels"></div></div>`;
  const [element, labels] = figure.querySelector(".live-plot").children;
  const hidden = kept?.hidden ? new Set(kept.hidden) : null;
  return { figure, element, labels, hidden, upwards: kept?.upwards ?? null, drawing: null };
}

// What the server says about a panel now.
export function describePanel(panel, description) {
  Object.assign(panel, description, { format: formatOf(description) });
  panel.figure.querySelector("h2").textContent = panel.title;
  panel.figure.querySelector(".help").textContent = panel.help;
  panel.hidden ??= new Set(panel.lines.filter(({ role }) => role === "detail").map(({ label }) => label));
}

export async function drawPanel(panel, answer, per, view, colours, { zoomed, redraw }) {
  const lines = linesOf(panel, answer.curves, colours, per);
  const visible = lines.filter((line) => !panel.hidden.has(line.name));
  const range = panel.upwards ?? yRange(panel, visible.length ? visible : lines);
  const traces = lines.flatMap((line) => tracesOf(line, panel.hidden.has(line.name), panel.format));
  const layout = layoutOf(panel, range, answer, per, view, colours), drawing = JSON.stringify([traces, layout]);
  if (drawing === panel.drawing) return; // most panels change at an epoch's end only, and drawing takes from training
  panel.drawing = drawing;
  const toggle = (name) => {
    if (!panel.hidden.delete(name)) panel.hidden.add(name);
    redraw();
  };
  panel.place = () => placeLabels(panel, lines, toggle);
  const first = !panel.element.classList.contains("js-plotly-plot");
  await window.Plotly.react(panel.element, traces, layout, OPTIONS);
  if (first) listen(panel, zoomed, redraw);
  panel.place();
  panel.element.setAttribute("aria-label", panelInWords(panel, visible));
}

function listen(panel, zoomed, redraw) {
  panel.element.on("plotly_afterplot", () => panel.place());
  // What the pointer reads lies below the lines' names: they step back for it.
  panel.element.on("plotly_hover", () => panel.labels.classList.add("behind"));
  panel.element.on("plotly_unhover", () => panel.labels.classList.remove("behind"));
  panel.element.on("plotly_relayout", (change) => {
    panel.drawing = null; // Plotly shows another range by now than was drawn last
    const [upwards, across] = ["y", "x"].map((axis) => [0, 1].map((end) => change[`${axis}axis.range[${end}]`]));
    if (upwards[0] !== undefined) panel.upwards = upwards;
    if (across[0] !== undefined) zoomed(across);
    else if (upwards[0] !== undefined) redraw();
  });
  panel.element.on("plotly_doubleclick", () => zoomed(null));
}

function panelInWords(panel, lines) {
  const ends = lines.map((line) => [line.name, lastPoint(line)]).filter(([, last]) => last);
  return `${panel.title}: ${ends.map(([name, last]) => `${name} ${panel.format(last.y)}`).join(", ") || "nothing yet"}`;
}
