// What each panel draws. A line: { name, x, y, low?, high?, colour, dash?, width?, points?, backdrop?, help }.
// A backdrop is the noisy line of single steps behind the measured ones.
const NOTHING = { step: [], mean: [] };
const TOP = 24, BOTTOM = 26, LEFT = 46, RIGHT = 118; // pixels around a plot; on the right stand the lines' names

function scoreLines(curves, colours, noun) {
  const { train = NOTHING, train_clean = NOTHING, validation = NOTHING } = curves ?? {};
  return [
    { name: "each step", of: train, colour: colours.training, width: 1, backdrop: true,
      help: `${noun} of each batch while learning, photos changed a little; the band holds the lowest and highest` },
    { name: "training", of: train_clean, colour: colours.training, points: true,
      help: `${noun} on photos it learns from, unchanged, at each epoch's end` },
    { name: "validation", of: validation, colour: colours.validation, dash: "7px,5px", points: true,
      help: `${noun} on photos it does not learn from, at each epoch's end` },
  ];
}

function gapLines(curves, colours) {
  return [
    { name: "gap", of: curves.gap ?? NOTHING, colour: colours.gap, points: true, band: 0.22,
      help: "validation loss minus training loss, with its 95 % band" },
    { name: "rise", of: curves.rise ?? NOTHING, colour: colours.validation, dash: "2px,4px", width: 1.8, band: 0.12, hidden: true,
      help: "how far validation loss has risen above its best epoch, with its 95 % band: this decides the verdict" },
  ];
}

// Stages that move together are one line: "stem to stage 3".
function rateLines(curves, colours) {
  const groups = [];
  for (const [stage, of] of Object.entries(curves.rates ?? {})) {
    const last = groups.at(-1), same = JSON.stringify(of.mean);
    if (last && last.same === same && stage !== "head") last.stages.push(stage);
    else groups.push({ stages: [stage], of, same });
  }
  return groups.filter(({ of }) => of.mean.some((rate) => rate > 0)).map(({ stages, of }, i, all) => ({
    name: stages.length > 1 ? `${stages[0]} to ${stages.at(-1)}` : stages[0],
    of: { step: of.step, mean: of.mean.map((rate) => rate || null) }, // a frozen stage has no line
    colour: all.length > 1 ? between(colours.muted, colours.accent, i / (all.length - 1)) : colours.accent,
    dash: ["solid", "6px,3px", "2px,3px"][(all.length - 1 - i) % 3], width: 2, shape: "hv", // written down where it changed
    help: `learning rate of ${stages.join(", ")}`,
  }));
}

const PANELS = [
  { id: "loss", title: "Loss", help: "How wrong it is: lower is better.", write: figure,
    lines: (curves, colours) => scoreLines(curves.loss, colours, "Loss") },
  { id: "accuracy", title: "Accuracy", help: "How many photos it gets right: higher is better.", write: percent, most: 1,
    lines: (curves, colours) => scoreLines(curves.accuracy, colours, "Accuracy") },
  { id: "gap", title: "Overfitting: validation loss minus training loss", write: figure, zero: true,
    help: "Wide and growing while validation loss rises: it learns the photos by heart.", lines: gapLines },
  { id: "rates", title: "Learning rate of each stage", help: "How big a step each part takes; a frozen part has no line.",
    write: figure, log: true, lines: rateLines },
];

// The axis moves in steps of 1, 2 or 5 so that it does not crawl with each new point.
function niceStep(span, parts) {
  const raw = span / parts, base = 10 ** Math.floor(Math.log10(raw));
  return base * [1, 2, 5, 10].find((times) => times * base >= raw * 0.999);
}

function yRange(panel, lines) {
  const values = lines.flatMap((line) => (line.backdrop ? middle(line.of.mean) : [...line.of.mean, ...(line.of.low ?? []), ...(line.of.high ?? [])]))
    .filter((value) => Number.isFinite(value));
  if (panel.log) return logRange(values);
  if (!values.length) return panel.most ? [0, 1] : [0, 1.5];
  let low = Math.min(...values), high = Math.max(...values);
  if (panel.zero) [low, high] = [Math.min(low, 0), Math.max(high, 0)];
  const step = niceStep(Math.max(high - low, Math.abs(high) * 0.05, 1e-6), 5);
  low = Math.floor(low / step + 1e-9) * step;
  high = Math.ceil(high / step - 1e-9) * step;
  if (panel.most) high = Math.min(high, panel.most);
  const room = (high - low) * 0.03; // a line on the edge would be cut in half
  return [low - (low === 0 && !panel.zero ? 0 : room), high + room];
}

// Nine tenths of a noisy line decide its range, so that one wild batch does not flatten everything else.
function middle(values) {
  const sorted = values.filter(Number.isFinite).sort((a, b) => a - b), cut = Math.floor(sorted.length * 0.03);
  return sorted.length ? [sorted[cut], sorted[sorted.length - 1 - cut]] : [];
}

function logRange(values) {
  const most = Math.max(...values.filter((value) => value > 0), 1e-6);
  const least = Math.max(Math.min(...values.filter((value) => value > 0), most / 10), most / 1000); // a schedule ends near zero
  return [Math.log10(least) - 0.15, Math.log10(most) + 0.15];
}

function tracesOf(line, hidden, per, write) {
  const x = line.of.step.map((step) => step / per), visible = !hidden;
  const common = { x, visible, line: { color: line.colour, width: line.width ?? 2.4, dash: line.dash ?? "solid", shape: line.shape ?? "linear" } };
  const text = line.of.mean.map((value) => (value === null ? "" : `${line.name} ${write(value)}`));
  const main = { ...common, y: line.of.mean, name: line.name, text, hovertemplate: "%{text}<extra></extra>", connectgaps: false, cliponaxis: !line.points,
                 mode: line.points && x.length <= 60 ? "lines+markers" : "lines", marker: { size: 5, color: line.colour },
                 opacity: line.backdrop ? 0.45 : 1 };
  if (!line.of.low?.length) return [main];
  const edge = { x, visible, mode: "lines", line: { width: 0 }, hoverinfo: "skip" };
  return [{ ...edge, y: line.of.low }, { ...edge, y: line.of.high, fill: "tonexty", fillcolor: faint(line.colour, line.band ?? 0.14) }, main];
}
