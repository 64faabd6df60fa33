// The names of the lines stand at their ends. They are buttons: a press hides the line, another shows it again.
import { lastPoint } from "./panels.js";

const APART = 18; // pixels between two names

export function placeLabels(panel, lines, toggle) {
  const { _fullLayout: full } = panel.element, box = panel.labels;
  if (!full?.xaxis) return;
  const { xaxis, yaxis, _size: size } = full;
  const shown = lines.map((line) => ({ line, last: lastPoint(line) })).filter(({ last }) => last);
  const right = Math.max(...shown.map(({ last }) => xaxis.d2p(last.x)), 0);
  const left = size.l + Math.max(0, Math.min(right, xaxis._length)) + 8;
  const wanted = shown.map((one) => ({ ...one, y: clamp(yaxis.d2p(one.last.y), yaxis._length) }));
  for (const { line, last, y } of spread(wanted, yaxis._length)) {
    const button = buttonFor(box, line, toggle), off = panel.hidden.has(line.name);
    button.style.cssText = `left:${left}px; top:${size.t + y}px; max-width:${box.clientWidth - left}px; color:${line.colour}`;
    button.setAttribute("aria-pressed", !off);
    button.title = `${line.help}. Press to ${off ? "show" : "hide"} it.`;
    button.firstChild.textContent = off ? `show ${line.name}` : line.name;
    // Where single steps noisily went last is no figure that one should remember.
    button.lastChild.textContent = off || line.backdrop ? "" : panel.format(last.y);
  }
  const names = new Set(shown.map(({ line }) => line.name));
  for (const button of [...box.children]) if (!names.has(button.dataset.line)) button.remove();
}

function buttonFor(box, line, toggle) {
  const known = [...box.children].find((button) => button.dataset.line === line.name);
  if (known) return known; // kept, so that the focus stays where it is
  const button = box.appendChild(document.createElement("button"));
  button.type = "button";
  button.dataset.line = line.name;
  button.append(document.createElement("span"), document.createElement("b"));
  button.onclick = () => toggle(line.name);
  return button;
}

const clamp = (pixels, most) => Math.max(0, Math.min(Number.isFinite(pixels) ? pixels : most, most));

// Down the page each name keeps its distance from the one before; what went over the edge pushes back up.
function spread(wanted, most) {
  wanted.sort((a, b) => a.y - b.y || b.last.y - a.last.y);
  wanted.forEach((one, i) => { if (i) one.y = Math.max(one.y, wanted[i - 1].y + APART); });
  for (let i = wanted.length - 1, floor = most - 5; i >= 0; i--, floor -= APART) {
    wanted[i].y = Math.min(wanted[i].y, floor);
  }
  return wanted;
}
