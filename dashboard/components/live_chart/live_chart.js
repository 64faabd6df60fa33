// Asks one route once a second and draws what is new into charts that stay. Zoom and hidden lines are kept here and
// given to Plotly.react each time. Streamlit's script takes no part, so no rerun can stop, redraw or dim them.
const POLL_MS = 1000, SLOW_MS = 5000, PATIENCE_MS = 10_000;
const ENDED = new Set(["stopped", "failed", "interrupted"]); // may be taken up again, from another tab too
const charts = new WeakMap(); // parentElement -> its chart: the function below is called again at each rerun

function loadPlotly(url) {
  return (window.graftPlotly ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = url;
    script.onload = () => resolve(window.Plotly);
    script.onerror = () => { window.graftPlotly = undefined; script.remove(); reject(new Error("chart library not reached")); };
    document.head.append(script);
  }));
}

export default function ({ data, parentElement, setTriggerValue }) {
  let chart = charts.get(parentElement);
  if (!chart) charts.set(parentElement, (chart = makeChart(parentElement.querySelector(".graft-live"))));
  chart.tell = (state) => setTriggerValue("changed", state);
  chart.show(data);
  return () => { charts.delete(parentElement); chart.stop(); };
}

function makeChart(root) {
  const panels = PANELS.map((panel) => makePanel(root, panel));
  let data, answer, timer, asking, alive = true, seen = -1, told, view = null, inEpochs = true;

  const chart = {
    stop() {
      alive = false;
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", wake);
      panels.forEach(({ element }) => window.Plotly?.purge(element));
    },
    show(next) {
      const other = data?.curves !== next.curves; // another task's curves
      if (other) seen = -1;
      data = next;
      told = next.state;
      if (other || next.state !== answer?.state) ask(); // also wakes a chart that had come to its end
      else draw();
    },
  };

  async function ask() {
    clearTimeout(timer);
    const mine = (asking = {}); // a later question overtakes this one
    let ok = true;
    if (!document.hidden) {
      try {
        const [, reply] = await Promise.all([loadPlotly(data.plotly), fetch(`${data.curves}${data.curves.includes("?") ? "&" : "?"}${query()}`, { signal: AbortSignal.timeout(PATIENCE_MS) })]);
        if (!alive || mine !== asking) return;
        if (reply.status === 200) await take(await reply.json());
        else ok = reply.status === 204;
      } catch { ok = false; } // the server is away for a moment: what was drawn stays, and it asks again
    }
    if (!alive || mine !== asking) return;
    root.querySelector(".live-away").hidden = ok;
    if (answer?.state !== "finished" || !ok) timer = setTimeout(ask, ENDED.has(answer?.state) ? SLOW_MS : POLL_MS);
  }

  function query() {
    const asked = new URLSearchParams({ seen });
    if (view) { // twice the visible width, so that panning finds something
      const per = unit(), margin = (view[1] - view[0]) / 2;
      asked.set("from", Math.max(0, Math.floor((view[0] - margin) * per)));
      asked.set("to", Math.max(0, Math.ceil((view[1] + margin) * per)));
    }
    return asked;
  }

  const unit = () => (inEpochs && answer?.steps_per_epoch ? answer.steps_per_epoch : 1);

  async function take(reply) {
    answer = reply;
    seen = reply.seen;
    showHeader(root, reply);
    showVerdict(root, reply.verdict);
    await draw();
    if (reply.state !== told) chart.tell((told = reply.state)); // once: Python then redraws the buttons
  }

  async function draw() {
    if (!answer || !window.Plotly) return;
    root.querySelector(".live-nothing").hidden = answer.steps > 0;
    root.querySelectorAll(".live-panels, .live-tools").forEach((part) => { part.hidden = !answer.steps; });
    if (!answer.steps) return;
    const colours = readTheme(root);
    await Promise.all(panels.map((panel) => drawPanel(panel, answer, unit(), view, colours, { zoomed, redraw: draw })));
    root.querySelector(".live-whole").hidden = !view && !panels.some((panel) => panel.upwards);
  }

  function zoomed(range) {
    if (!range) panels.forEach((panel) => { panel.upwards = null; });
    const all = spanOf(answer) / unit();
    view = range && (range[0] > all * 0.001 || range[1] < all * 0.999) ? range : null;
    seen = -1; // the same steps, but at another resolution
    draw();
    ask();
  }

  const wake = () => { if (!document.hidden) ask(); };
  document.addEventListener("visibilitychange", wake);
  root.addEventListener("transitionend", (event) => { if (event.target === root) draw(); }); // the theme's colours changed
  root.querySelector(".live-whole").onclick = () => zoomed(null);
  root.querySelector(".live-unit").onchange = (event) => { inEpochs = event.target.value === "epochs"; zoomed(null); };
  return chart;
}

function makePanel(root, panel) {
  const figure = root.querySelector(`[data-panel="${panel.id}"]`);
  figure.querySelector("h3").textContent = panel.title;
  figure.querySelector(".help").textContent = panel.help;
  return { ...panel, element: figure.querySelector(".graft-chart"), labels: figure.querySelector(".live-labels"), hidden: null, upwards: null };
}

async function drawPanel(panel, answer, per, view, colours, { zoomed, redraw }) {
  const lines = panel.lines(answer.curves, colours).map((line) => ({ ...line, per }));
  panel.hidden ??= new Set(lines.filter((line) => line.hidden).map((line) => line.name));
  const visible = lines.filter((line) => !panel.hidden.has(line.name));
  const range = panel.upwards ?? yRange(panel, visible.length ? visible : lines);
  const traces = lines.flatMap((line) => tracesOf(line, panel.hidden.has(line.name), per, panel.write));
  const toggle = (name) => { panel.hidden.delete(name) || panel.hidden.add(name); redraw(); };
  const first = !panel.element.classList.contains("js-plotly-plot");
  const layout = layoutOf(panel, range, answer, per, view, colours), drawing = JSON.stringify([traces, layout]);
  if (drawing === panel.drawing) return; // most panels change at an epoch's end only, and drawing takes from training
  panel.drawing = drawing;
  panel.place = () => placeLabels(panel.labels, panel.element, panel, lines, panel.hidden, toggle);
  await window.Plotly.react(panel.element, traces, layout, { responsive: true, displayModeBar: false, showTips: false, doubleClick: false });
  if (first) {
    panel.element.on("plotly_afterplot", () => panel.place());
    panel.element.on("plotly_relayout", (change) => {
      panel.drawing = null; // Plotly shows another range by now than was drawn last
      if ("yaxis.range[0]" in change) panel.upwards = [change["yaxis.range[0]"], change["yaxis.range[1]"]];
      if ("xaxis.range[0]" in change) zoomed([change["xaxis.range[0]"], change["xaxis.range[1]"]]);
      else if ("yaxis.range[0]" in change) redraw();
    });
    panel.element.on("plotly_doubleclick", () => zoomed(null));
  }
  panel.place();
  panel.element.setAttribute("aria-label", inWords(panel, visible));
}

function inWords(panel, lines) {
  const said = lines.filter(lastPoint).map((line) => `${line.name} ${panel.write(line.last)}`);
  return `${panel.title}: ${said.join(", ") || "nothing yet"}`;
}
