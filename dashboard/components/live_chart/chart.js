// Asks one route once a second and draws what is new into charts that stay. Zoom and hidden lines are kept here and
// given to Plotly.react each time. Streamlit's script takes no part, so no rerun can stop, redraw or dim them.
import { spanOf } from "./axes.js";
import { readTheme } from "./colours.js";
import { keepTitle, notifyOfEnding, offerNotification, showTitle } from "./ending.js";
import { showHeader, showVerdict } from "./header.js";
import { keep, readKept } from "./kept.js";
import { describePanel, drawPanel, makePanel } from "./plot.js";

const POLL_MS = 1000, SLOW_MS = 5000, PATIENCE_MS = 10_000;
const ENDED = new Set(["stopped", "failed", "interrupted"]); // may be taken up again, from another tab too

function loadPlotly(url) {
  return (window.graftPlotly ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = url;
    script.onload = () => resolve(window.Plotly);
    script.onerror = () => {
      window.graftPlotly = undefined;
      script.remove();
      reject(new Error("chart library not reached"));
    };
    document.head.append(script);
  }));
}

// show(data, onState): data has the addresses of curves and Plotly, and the state that the page shows; onState is
// called once with the state that the server tells instead.
export function makeChart(root) {
  const panels = new Map(); // by id
  let data, answer, timer, asking, onState, alive = true, seen = -1, shownState, view = null, inEpochs = true, kept = {};

  function show(next, onStateChange) {
    onState = onStateChange;
    const other = data?.curves !== next.curves; // another task's curves
    data = next;
    if (other) {
      seen = -1;
      kept = readKept(data.curves);
      view = kept.view ?? null;
      inEpochs = kept.inEpochs ?? true;
      for (const radio of root.querySelectorAll(".live-unit input")) radio.checked = (radio.value === "epochs") === inEpochs;
    }
    shownState = next.state;
    if (other || next.state !== answer?.state) ask(); // also wakes a chart that had come to its end
    else draw();
  }

  function stop() {
    alive = false;
    clearTimeout(timer);
    leaveTitle();
    document.removeEventListener("visibilitychange", wake);
    panels.forEach(({ element }) => window.Plotly?.purge(element));
  }

  async function ask() {
    clearTimeout(timer);
    const mine = (asking = {}); // a later question overtakes this one
    let ok = true;
    if (!document.hidden || isLive()) { // in a hidden tab only to tell of the end
      try {
        const url = `${data.curves}${data.curves.includes("?") ? "&" : "?"}${query()}`;
        const signal = AbortSignal.timeout(PATIENCE_MS);
        const [, reply] = await Promise.all([loadPlotly(data.plotly), fetch(url, { signal })]);
        if (!alive || mine !== asking) return;
        if (reply.status === 200) await take(await reply.json());
        else ok = reply.status === 204;
      } catch { ok = false; } // the server is away for a moment: what was drawn stays, and it asks again
    }
    if (!alive || mine !== asking) return;
    root.querySelector(".live-away").hidden = ok;
    if (answer?.state === "finished" && ok) return;
    timer = setTimeout(ask, ENDED.has(answer?.state) || document.hidden ? SLOW_MS : POLL_MS);
  }

  const isLive = () => !answer || answer.state === "running" || answer.state === "queued";

  function query() {
    const asked = new URLSearchParams({ seen });
    if (view && answer) { // twice the visible width, so that panning finds something
      const per = unit(), margin = (view[1] - view[0]) / 2;
      asked.set("from", Math.max(0, Math.floor((view[0] - margin) * per)));
      asked.set("to", Math.max(0, Math.ceil((view[1] + margin) * per)));
    }
    return asked;
  }

  const unit = () => (inEpochs && answer?.steps_per_epoch ? answer.steps_per_epoch : 1);

  async function take(reply) {
    const isFirst = !answer;
    answer = reply;
    seen = reply.seen;
    showHeader(root, reply);
    showVerdict(root, reply.verdict);
    showTitle(reply, data.name);
    offerNotification(root.querySelector(".live-notify"), reply.state === "finished" || ENDED.has(reply.state));
    if (!document.hidden) await draw();
    if (isFirst && view) { // a zoom of before: which steps that is, is known now
      seen = -1;
      ask();
    }
    if (reply.state === shownState) return;
    notifyOfEnding(reply.state, data.name);
    shownState = reply.state; // once: Python then redraws the buttons
    onState(shownState);
  }

  async function draw() {
    if (!answer || !window.Plotly) return;
    root.querySelector(".live-nothing").hidden = answer.steps > 0;
    root.querySelectorAll(".live-panels, .live-unit").forEach((part) => { part.hidden = !answer.steps; });
    if (!answer.steps) return;
    const colours = readTheme(root);
    placePanels();
    const all = [...panels.values()], on = { zoomed, redraw: draw };
    await Promise.all(all.map((panel) => drawPanel(panel, answer, unit(), view, colours, on)));
    root.querySelector(".live-whole").hidden = !view && !all.some((panel) => panel.upwards);
    keep(data.curves, view, inEpochs, panels);
  }

  // In the order in which the server names them; the last one stands below the verdict.
  function placePanels() {
    const beside = root.querySelector(".live-beside");
    answer.panels.forEach((description, i) => {
      const { id } = description;
      if (!panels.has(id)) {
        panels.set(id, makePanel(id, kept.panels?.[id]));
        if (i < answer.panels.length - 1) beside.before(panels.get(id).figure);
        else beside.append(panels.get(id).figure);
      }
      describePanel(panels.get(id), description);
    });
  }

  function zoomed(range) {
    if (!range) panels.forEach((panel) => { panel.upwards = null; });
    const all = spanOf(answer) / unit();
    view = range && (range[0] > all * 0.001 || range[1] < all * 0.999) ? range : null;
    seen = -1; // the same steps, but at another resolution
    draw();
    ask();
  }

  const wake = () => {
    if (document.hidden) return;
    draw(); // what came while nobody looked
    ask();
  };
  document.addEventListener("visibilitychange", wake);
  const leaveTitle = keepTitle(() => answer && showTitle(answer, data.name));
  // The theme's colours changed.
  root.addEventListener("transitionend", (event) => { if (event.target === root) draw(); });
  root.querySelector(".live-whole").onclick = () => zoomed(null);
  root.querySelector(".live-unit").onchange = (event) => {
    inEpochs = event.target.value === "epochs";
    zoomed(null);
  };
  return { show, stop };
}
