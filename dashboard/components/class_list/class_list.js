/**
 * The classes of one label column with how many photos each has. A name is changed where it stands; the name of another
 * class joins the two.
 *
 * In (`data`, from class_list/__init__.py):
 * @typedef {object} Data
 * @property {[string, number][]} counts photos by class, in the order in which they are shown
 * @property {number} shown as many are in sight at first
 *
 * Out: the trigger "edited" with {kind: "rename", name, to} or {kind: "add", name}: photos of a class are to be added,
 * which may be a new one.
 */

/** By parentElement, its list: the function below runs at every rerun. */
const lists = new WeakMap();

/** @param {{data: Data, parentElement: HTMLElement, setTriggerValue: Function}} component */
export default function ({ data, parentElement, setTriggerValue }) {
  if (!lists.has(parentElement)) lists.set(parentElement, makeList(parentElement));
  const list = lists.get(parentElement);
  list.onEdited = (edit) => setTriggerValue("edited", edit);
  list.show(data);
}

function makeList(root) {
  const part = (selector) => root.querySelector(selector);
  const list = { onEdited: null };
  const rows = part("ul");
  const all = part(".all");
  const adding = part(".adding");
  let shown = ""; // what is drawn, so that a rerun does not close a name that is being typed
  let counts = [];
  let fewest = 0;

  list.show = (data) => {
    const now = JSON.stringify(data);
    if (now === shown) return;
    shown = now;
    counts = data.counts;
    fewest = data.shown;
    draw();
    closeAdding();
  };

  function draw() {
    const isOpen = all.getAttribute("aria-expanded") === "true";
    const hidden = counts.length - fewest;
    const longest = Math.max(1, ...counts.map(([, count]) => count));
    const visible = isOpen || hidden <= 1 ? counts : counts.slice(0, fewest);
    rows.replaceChildren(...visible.map(([name, count]) => makeRow(name, count, longest)));
    all.hidden = hidden <= 1;
    all.textContent = isOpen ? "Show fewer" : `${hidden.toLocaleString("en")} more`;
  }

  function makeRow(name, count, longest) {
    const row = document.createElement("li");
    const bar = document.createElement("i");
    bar.style.width = `${(100 * count) / longest}%`;
    const figure = document.createElement("span");
    figure.textContent = count.toLocaleString("en");
    row.append(
      makeButton("name", name, `Rename ${name}`, () => openName(row, name)),
      bar,
      figure,
      makeButton("more", "+", `+ Add photos of ${name}`, () => list.onEdited({ kind: "add", name })),
    );
    return row;
  }

  function makeButton(className, text, label, onClick) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = className;
    button.textContent = text; // text, never HTML
    button.title = label;
    button.setAttribute("aria-label", label);
    button.onclick = onClick;
    return button;
  }

  /** The name becomes a field; what saving it would do stands below. */
  function openName(row, name) {
    draw(); // closes another that is open
    const place = Array.from(rows.children).find((other) => other.querySelector(".name").textContent === name) ?? row;
    const form = document.createElement("form");
    const input = form.appendChild(document.createElement("input"));
    input.value = name;
    input.maxLength = 200;
    input.setAttribute("aria-label", `New name of ${name}`);
    const save = form.appendChild(document.createElement("button"));
    const outcome = form.appendChild(document.createElement("p"));
    outcome.className = "outcome";
    outcome.setAttribute("aria-live", "polite");
    const describe = () => {
      const other = counts.find(([known]) => known === input.value.trim() && known !== name);
      save.textContent = other ? "Join" : "Rename";
      outcome.textContent = other ? `"${other[0]}" has ${other[1].toLocaleString("en")} photos: the two become one.` : "";
    };
    input.oninput = describe;
    form.onkeydown = (event) => {
      if (event.key !== "Escape") return;
      draw();
      event.stopPropagation();
    };
    form.onsubmit = (event) => {
      event.preventDefault();
      const to = input.value.trim();
      draw();
      if (to && to !== name) list.onEdited({ kind: "rename", name, to });
    };
    describe();
    place.replaceChildren(form);
    input.focus();
    input.select();
  }

  function closeAdding() {
    adding.hidden = true;
    adding.reset();
    part(".add").hidden = false;
  }

  all.onclick = () => {
    all.setAttribute("aria-expanded", all.getAttribute("aria-expanded") !== "true");
    draw();
  };
  part(".add").onclick = () => {
    part(".add").hidden = true;
    adding.hidden = false;
    adding.querySelector("input").focus();
  };
  adding.onkeydown = (event) => {
    if (event.key === "Escape") closeAdding();
  };
  adding.onsubmit = (event) => {
    event.preventDefault();
    const name = adding.querySelector("input").value.trim();
    if (!name) return;
    closeAdding();
    list.onEdited({ kind: "add", name });
  };
  return list;
}
