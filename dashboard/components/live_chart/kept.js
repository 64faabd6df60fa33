// What a person set in the charts of a run stays over a reload of this tab: zoom, hidden lines, epochs or steps.
const PREFIX = "graft:charts:";

export function readKept(curves) {
  try {
    return JSON.parse(sessionStorage.getItem(PREFIX + curves)) ?? {};
  } catch { // storage is switched off, or somebody wrote something else there
    return {};
  }
}

export function keep(curves, view, inEpochs, panels) {
  const ofPanels = Object.fromEntries([...panels].map(([id, { hidden, upwards }]) => [id, { hidden: [...(hidden ?? [])], upwards }]));
  try {
    sessionStorage.setItem(PREFIX + curves, JSON.stringify({ view, inEpochs, panels: ofPanels }));
  } catch { /* then it is as new after a reload */ }
}
