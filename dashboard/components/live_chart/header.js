// The bar, the figures and the verdict: everything that is words. Names are set as text, never as HTML.
import { duration, whole } from "./words.js";

const STATES = {
  queued: "waiting for its turn", paused: "paused", interrupted: "interrupted", stopped: "stopped", failed: "failed",
  finished: "finished",
};

export function showHeader(root, answer) {
  const { state, steps, steps_total: total } = answer;
  const done = state === "finished" ? 1 : total ? Math.min(1, steps / total) : 0;
  const bar = root.querySelector(".live-bar");
  bar.setAttribute("aria-valuenow", Math.round(100 * done));
  bar.firstElementChild.style.width = `${100 * done}%`;
  root.dataset.state = state;
  writeFigures(root.querySelector(".live-figures"), figuresOf(answer.progress ?? {}, state));
}

// Pairs of a value and its name.
function figuresOf(at, state) {
  const live = state === "running";
  return [
    [at.epoch ? `epoch ${at.epoch} of ${at.epochs}` : beginning(at, state), underEpoch(at, state)],
    live && at.phases > 1 && at.number && [at.phase, `phase ${at.number} of ${at.phases}`],
    live && at.images_per_second && [whole.format(at.images_per_second), "photos a second"],
    live && at.seconds_left != null && [duration(at.seconds_left), "left"],
    at.best && [at.best.accuracy_text, `best on validation, epoch ${at.best.epoch}`],
  ].filter(Boolean);
}

function beginning(at, state) {
  return state === "running" ? at.activity_in_words || "getting ready" : STATES[state] ?? state;
}

// Which photo the epoch is at, or what else takes its time just now.
function underEpoch(at, state) {
  if (state === "queued") return at.waits_for ?? "";
  if (state !== "running") return at.epoch ? STATES[state] ?? state : "before the first epoch";
  const busy = at.activity_in_words;
  if (busy && !at.total) return at.epoch ? busy : "before the first epoch";
  if (busy) return `${at.epoch ? `${busy}: ` : ""}${whole.format(at.done)} of ${whole.format(at.total)}`;
  return at.images_total ? `photo ${whole.format(at.images)} of ${whole.format(at.images_total)}` : "";
}

function writeFigures(list, rows) {
  rows.forEach(([value, name], i) => {
    const cell = list.children[i] ?? list.appendChild(document.createElement("div"));
    if (!cell.firstChild) cell.append(document.createElement("b"), document.createElement("span"));
    if (cell.firstChild.textContent !== value) cell.firstChild.textContent = value;
    if (cell.lastChild.textContent !== name) cell.lastChild.textContent = name;
  });
  while (list.children.length > rows.length) list.lastChild.remove();
}

export function showVerdict(root, verdict) {
  const box = root.querySelector(".live-verdict");
  box.hidden = !verdict;
  // A screen reader hears only what is new.
  if (!verdict || box.dataset.shown === JSON.stringify(verdict)) return;
  box.dataset.shown = JSON.stringify(verdict);
  box.dataset.kind = verdict.kind;
  box.querySelector("b").textContent = verdict.title;
  box.querySelector(".plain").textContent = verdict.plain;
  box.querySelector(".sentence").textContent = verdict.sentence;
  box.querySelector("details").hidden = verdict.plain === verdict.sentence;
  box.querySelector(".remedy").hidden = !verdict.remedy;
  box.querySelector(".remedy span").textContent = verdict.remedy ?? "";
}
