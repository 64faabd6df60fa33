// Called at the first drawing and again whenever `data` changed, on the same element: update, don't rebuild, so that
// the focused button stays focused. Python owns the state; here is only said what was clicked or typed.
export default function ({ data, parentElement, setTriggerValue }) {
  const list = parentElement.querySelector(".stages");
  data.stages.forEach((stage, i) => draw(list.children[i] ?? list.appendChild(make()), stage, i, data.editable, setTriggerValue));
  while (list.children.length > data.stages.length) list.lastChild.remove();
}

function make() {
  const cell = document.createElement("li"), button = document.createElement("button"), what = document.createElement("span");
  const share = document.createElement("span"), rate = document.createElement("div");
  cell.className = "stage";
  button.type = "button";
  what.className = "what";
  share.className = "share";
  share.append(document.createElement("i"));
  button.append(document.createElement("b"), what, document.createElement("small"), share);
  rate.className = "rate";
  cell.append(button, rate);
  return cell;
}

function draw(cell, stage, i, editable, setTriggerValue) {
  const [button, rate] = cell.children, frozen = stage.rate === 0;
  cell.classList.toggle("head", stage.head);
  button.setAttribute("aria-pressed", frozen);
  button.setAttribute("aria-disabled", stage.head);
  button.setAttribute("aria-label", stage.name);
  button.title = stage.head ? "The head always learns: it is new." : `${stage.size} parameters, ${stage.share_text} of all. Click to ${frozen ? "free" : "freeze"} it.`;
  button.onclick = stage.head ? null : () => setTriggerValue("clicked", { stage: i, frozen: !frozen });
  const [name, what, size, share] = button.children; // names are set as text, never as HTML
  [name.textContent, what.textContent, size.textContent] = [stage.name, stage.what, `${stage.size} · ${stage.share_text}`];
  share.firstChild.style.width = `${100 * stage.share}%`;
  rate.classList.toggle("learning", !frozen);
  if (editable) typed(rate, stage, i, setTriggerValue);
  else rate.textContent = frozen ? "frozen" : `rate ${stage.rate_text}`;
}

// The rate as a field: what was typed goes to Python as it is, which knows what a rate may be.
function typed(rate, stage, i, setTriggerValue) {
  let input = rate.querySelector("input");
  if (!input) {
    rate.replaceChildren((input = document.createElement("input")));
    input.inputMode = "decimal";
    input.autocomplete = "off";
    input.spellcheck = false;
  }
  input.setAttribute("aria-label", `Learning rate of ${stage.name}`);
  if (input.dataset.given !== stage.rate_text || document.activeElement !== input) input.value = stage.rate_text;
  input.dataset.given = stage.rate_text;
  input.onchange = () => setTriggerValue("rated", { stage: i, rate: input.value });
  input.onkeydown = (event) => { if (event.key === "Enter") input.blur(); };
}
