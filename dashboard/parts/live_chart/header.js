// The bar, the figures and the verdict: everything that is words. Names are set as text, never as HTML.
const DOING = {
  queued: "waiting for its turn", paused: "paused", interrupted: "interrupted", stopped: "stopped", failed: "failed", finished: "finished",
};

function showHeader(root, answer) {
  const at = answer.progress ?? {}, epochs = at.epochs ?? answer.epochs ?? 0, epoch = at.epoch ?? answer.epoch ?? 0;
  const done = answer.state === "finished" ? 1 : answer.steps_total ? Math.min(1, answer.steps / answer.steps_total) : 0;
  const bar = root.querySelector(".live-bar");
  bar.setAttribute("aria-valuenow", Math.round(100 * done));
  bar.firstElementChild.style.width = `${100 * done}%`;
  root.dataset.state = answer.state;
  const live = answer.state === "running";
  const rows = [
    [epoch ? `epoch ${epoch} of ${epochs}` : at.doing || DOING[answer.state] || "getting ready", photosOf(at, answer.state, epoch)],
    live && at.phases > 1 && [at.phase, `part ${at.number} of ${at.phases}`],
    live && at.images_per_second && [whole.format(at.images_per_second), "photos a second"],
    live && at.seconds_left != null && epoch && [duration(at.seconds_left), "left"],
    at.best && [at.best.accuracy_text, `best on validation, epoch ${at.best.epoch}`],
  ].filter(Boolean);
  write(root.querySelector(".live-figures"), rows);
}

function photosOf(at, state, epoch) {
  if (state === "running" && at.images_total) return `photo ${whole.format(at.images)} of ${whole.format(at.images_total)}`;
  return epoch ? DOING[state] ?? "" : at.doing ? "before the first epoch" : "";
}

function write(list, rows) {
  rows.forEach(([value, name], i) => {
    const cell = list.children[i] ?? list.appendChild(document.createElement("div"));
    if (!cell.firstChild) cell.append(document.createElement("b"), document.createElement("span"));
    if (cell.firstChild.textContent !== value) cell.firstChild.textContent = value;
    if (cell.lastChild.textContent !== name) cell.lastChild.textContent = name;
  });
  while (list.children.length > rows.length) list.lastChild.remove();
}

function showVerdict(root, verdict) {
  const box = root.querySelector(".live-verdict");
  box.hidden = !verdict;
  if (!verdict || box.dataset.said === JSON.stringify(verdict)) return; // a screen reader hears only what is new
  box.dataset.said = JSON.stringify(verdict);
  box.dataset.kind = verdict.kind;
  box.querySelector("b").textContent = verdict.title;
  box.querySelector(".sentence").textContent = verdict.sentence;
  box.querySelector(".remedy").hidden = !verdict.remedy;
  box.querySelector(".remedy span").textContent = verdict.remedy ?? "";
}
