// Streamlit takes one script per component and runs it from a blob, whose imports find nothing by a relative name. So
// this one only fetches the chart's modules from a route of Graft's own.
const RETRY_MS = 1000;
const charts = new WeakMap(); // parentElement -> promise of its chart: the function below is called again at each rerun

export default function ({ data, parentElement, setTriggerValue }) {
  parentElement.querySelector(".graft-live").dataset.state ??= data.state; // how tall it is depends on it
  let chart = charts.get(parentElement);
  if (!chart) charts.set(parentElement, (chart = load(data.module, parentElement)));
  chart.then(({ show }) => show(data, (state) => setTriggerValue("changed", state)));
  return () => {
    charts.delete(parentElement);
    chart.then(({ stop }) => stop());
  };
}

async function load(address, parentElement) {
  const { makeChart } = await fetchModule(new URL(address, document.baseURI).href);
  return makeChart(parentElement.querySelector(".graft-live"));
}

async function fetchModule(url) {
  try {
    return await import(url);
  } catch { // the server is away for a moment
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    return fetchModule(url);
  }
}
