// The bar, the figures and the verdict: everything that is words. Names are set as text, never as HTML.
const DOING = {
  queued: "waiting for its turn", paused: "paused", interrupted: "interrupted", stopped: "stopped", failed: "failed", finished: "finished",
};

function showHeader(root, answer) {
  const at = answer.progress ?? {};
  const done = answer.state === "finished" ? 1 : answer.steps_total ? Math.min(1, answer.steps / answer.steps_total) : 0;
  const bar = root.querySelector(".live-bar");
  bar.setAttribute("aria-valuenow", Math.round(100 * done));
  bar.firstElementChild.style.width = `${100 * done}%`;
  root.dataset.state = answer.state;
  const live = answer.state === "running";
  const rows = [
    [at.epoch ? `epoch ${at.epoch} of ${at.epochs}` : beginning(at, answer.state), under(at, answer.state)],
    live && at.phases > 1 && at.number && [at.phase, `phase ${at.number} of ${at.phases}`],
    live && at.images_per_second && [whole.format(at.images_per_second), "photos a second"],
    live && at.seconds_left != null && [duration(at.seconds_left), "left"],
    at.best && [at.best.accuracy_text, `best on validation, epoch ${at.best.epoch}`],
  ].filter(Boolean);
  write(root.querySelector(".live-figures"), rows);
}

const beginning = (at, state) => (state === "running" ? at.activity_in_words || "getting ready" : DOING[state] ?? state);

// What stands under the epoch: which photo it is at, or what else takes its time just now.
function under(at, state) {
  if (state === "queued") return at.waits_for ?? "";
  if (state !== "running") return at.epoch ? DOING[state] ?? state : "before the first epoch";
  const busy = at.activity_in_words;
  if (busy && !at.total) return at.epoch ? busy : "before the first epoch";
  if (busy) return `${at.epoch ? busy + ": " : ""}${whole.format(at.done)} of ${whole.format(at.total)}`;
  return at.images_total ? `photo ${whole.format(at.images)} of ${whole.format(at.images_total)}` : "";
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
