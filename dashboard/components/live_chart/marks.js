// The best epoch and the phases, as upright lines with a word above them.
function marksOf(answer, per, ends, wide, colours) {
  const { best_step, phases = [] } = answer.marks ?? {};
  const shapes = [], annotations = [], pixels = (steps) => (steps / per / (ends[1] - ends[0])) * wide;
  const upright = (step, dash) => shapes.push({ type: "line", x0: step / per, x1: step / per, y0: 0, y1: 1, yref: "paper",
                                                line: { color: faint(colours.muted, 0.6), width: 1, dash }, layer: "below" });
  const word = (step, text, anchor, up) => annotations.push({ x: step / per, y: 1, yref: "paper", yanchor: "bottom", yshift: up, text,
    showarrow: false, xanchor: anchor, font: { size: 11, color: colours.muted }, captureevents: false });
  if (phases.length > 1) {
    phases.forEach(({ step, name }, i) => {
      const room = pixels((phases[i + 1]?.step ?? ends[1] * per) - step); // a name that does not fit is its number
      if (i) upright(step, "solid");
      word(step, room > 6.2 * name.length ? plain(name) : String(i + 1), "left", 14);
    });
  }
  if (best_step) { upright(best_step, "dot"); word(best_step, "best", "center", 0); }
  return { shapes, annotations };
}

// Plotly reads a little HTML in its texts; a name that somebody typed stays text.
const plain = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

function layoutOf(panel, range, answer, per, view, colours) {
  const across = panel.element.clientWidth - LEFT - RIGHT, phased = answer.marks?.phases?.length > 1;
  const ends = view ?? [0, spanOf(answer) / per], span = ends[1] - ends[0];
  const number = { size: 11, color: colours.muted };
  return {
    autosize: true, showlegend: false, hovermode: "x unified", ...marksOf(answer, per, ends, across, colours),
    margin: { t: phased ? TOP + 16 : TOP, r: RIGHT, b: BOTTOM, l: LEFT }, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: colours.font, size: 12, color: colours.words },
    hoverlabel: { bgcolor: colours.ground, bordercolor: colours.muted, font: { size: 12, color: colours.words } },
    // On a touch screen a finger on the chart scrolls the page.
    dragmode: matchMedia("(pointer: coarse)").matches ? false : "zoom",
    // Both ranges are ours, zoomed or not: Plotly would give a zoom up as soon as the range it replaced had moved on.
    xaxis: { range: ends, uirevision: String(ends), showgrid: false, zeroline: false, tickfont: number, showspikes: false,
             ...(span >= 2 ? { tick0: 0, dtick: Math.max(1, niceStep(span, 10)) } : {}) },
    yaxis: { range, type: panel.log ? "log" : "linear", uirevision: String(range), gridcolor: colours.line, zeroline: Boolean(panel.zero),
             zerolinecolor: colours.muted, tickfont: number, nticks: 6,
             ...(panel.most ? { tickformat: ".0%" } : {}), ...(panel.log ? powers(range) : {}) },
  };
}

function powers([low, high]) {
  const whole = Array.from({ length: Math.floor(high) - Math.ceil(low) + 1 }, (_, i) => 10 ** (Math.ceil(low) + i));
  return { tickmode: "array", tickvals: whole, ticktext: whole.map(figure) };
}

// As long as more is to come there is room for it; what has ended fills the width.
function spanOf(answer) {
  const per = answer.steps_per_epoch || 1, ended = answer.state === "finished" || answer.state === "stopped";
  const planned = answer.steps_total || (answer.epochs || 1) * per;
  return Math.max(1, ended && answer.steps ? Math.ceil(answer.steps / per) * per : planned);
}
