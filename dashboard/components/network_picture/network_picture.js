/**
 * The stages of a network as a row of buttons.
 *
 * Called at the first drawing and again whenever the data changed, on the same element: what exists is updated in
 * place, so that the focused button keeps the focus. Python owns the plan; the component reports clicks and typing.
 *
 * In (`data`, from network_picture/__init__.py):
 * @typedef {object} Block
 * @property {string} name
 * @property {string} description
 * @property {string} size parameters, in words
 * @property {number} fraction of all parameters, from 0 to 1
 * @property {string} fraction_text
 * @property {number} rate learning rate; 0 is frozen
 * @property {string} rate_text
 * @property {boolean} is_head
 *
 * @typedef {object} Data
 * @property {Block[]} stages
 * @property {boolean} editable the rates are fields
 *
 * Out: the triggers "clicked" with {stage, frozen} and "rated" with {stage, rate}; stage is an index into `stages`,
 * frozen the wanted state, rate the typed text.
 */

/** @param {{data: Data, parentElement: HTMLElement, setTriggerValue: Function}} component */
export default function ({ data, parentElement, setTriggerValue }) {
  const list = parentElement.querySelector(".stages");
  data.stages.forEach((stage, i) => {
    const item = list.children[i] ?? list.appendChild(makeItem());
    drawButton(item, stage, (frozen) => setTriggerValue("clicked", { stage: i, frozen }));
    drawRate(item, stage, data.editable, (rate) => setTriggerValue("rated", { stage: i, rate }));
  });
  while (list.children.length > data.stages.length) list.lastChild.remove();
}

function makeItem() {
  const item = element("li", "stage");
  const button = element("button");
  const fraction = element("span", "share");
  button.type = "button";
  fraction.append(element("i"));
  // Blanks between them: the button is called by its words, one after the other.
  button.append(element("b"), " ", element("span", "what"), " ", element("small"), fraction);
  item.append(button, element("div", "rate"));
  return item;
}

function element(tag, className = "") {
  return Object.assign(document.createElement(tag), { className });
}

function drawButton(item, stage, onClicked) {
  const button = item.querySelector("button");
  const isFrozen = stage.rate === 0;
  item.classList.toggle("head", stage.is_head);
  button.setAttribute("aria-pressed", isFrozen);
  button.setAttribute("aria-disabled", stage.is_head);
  button.title = stage.is_head
    ? "The head always learns: it is new."
    : `${stage.size} parameters, ${stage.fraction_text} of all. Click to ${isFrozen ? "free" : "freeze"} it.`;
  button.onclick = stage.is_head ? null : () => onClicked(!isFrozen);
  const [name, description, size, fraction] = button.children; // names are set as text, never as HTML
  name.textContent = stage.name;
  description.textContent = stage.description;
  size.textContent = `${stage.size} · ${stage.fraction_text}`;
  fraction.firstChild.style.width = `${100 * stage.fraction}%`;
}

function drawRate(item, stage, editable, onRated) {
  const rate = item.querySelector(".rate");
  const isFrozen = stage.rate === 0;
  rate.classList.toggle("learning", !isFrozen);
  if (editable) drawField(rate, stage, onRated);
  else rate.textContent = isFrozen ? "frozen" : `rate ${stage.rate_text}`;
}

/** The rate as a field. The typed text goes to Python as it is, which knows what a rate may be. */
function drawField(rate, stage, onRated) {
  let input = rate.querySelector("input");
  if (!input) {
    input = element("input");
    input.inputMode = "decimal";
    input.autocomplete = "off";
    input.spellcheck = false;
    rate.replaceChildren(input);
  }
  input.setAttribute("aria-label", `Learning rate of ${stage.name}`);
  // What a person is typing stays, unless the plan's own rate changed.
  if (input.dataset.given !== stage.rate_text || document.activeElement !== input) input.value = stage.rate_text;
  input.dataset.given = stage.rate_text;
  input.onchange = () => onRated(input.value);
  input.onkeydown = (event) => {
    if (event.key === "Enter") input.blur();
  };
}
