/**
 * A table of runs. Sorting, filtering and the fields for tags and notes live in the browser; Python hears of what was
 * asked for, and of the ticks.
 *
 * In (`data`, from run_table/__init__.py):
 * @typedef {object} Row as `RunRow` there
 * @typedef {object} Data
 * @property {Row[]} rows newest first
 * @property {string[]} compared ids of the ticked runs
 *
 * Out: the triggers "asked" with {kind, id, tags, text}, and "ticked" with {ids}.
 */

const ROWS_AT_ONCE = 50;
const SPARK = { width: 96, height: 26, edge: 3 }; // pixels
const REMEMBERED = "graft runs"; // what this tab sorts and filters by, in its session storage

const WORDS = ["A to Z", "Z to A"];
const NUMBERS = ["lowest first", "highest first"];
const TIMES = ["oldest first", "newest first"];

/** Columns that can be sorted by: title, class, value, the direction of the first click, and both in words. */
const COLUMNS = [
  { key: "name", title: "Run", css: "run", value: (row) => row.name.toLowerCase(), first: 1, ways: WORDS },
  { key: "dataset", title: "Photos", css: "word", value: (row) => row.dataset.toLowerCase(), first: 1, ways: WORDS },
  { key: "model", title: "Model", css: "word", value: (row) => row.model.toLowerCase(), first: 1, ways: WORDS },
  { key: "score", title: "Validation", css: "score", value: (row) => row.score, first: -1, ways: NUMBERS },
  { key: "loss", title: "Validation loss", css: "loss", value: (row) => lowest(row.losses), first: 1, ways: NUMBERS },
  { key: "seconds", title: "Took", css: "took", value: (row) => row.seconds, first: 1, ways: NUMBERS },
  { key: "created", title: "When", css: "when", value: (row) => row.created, first: -1, ways: TIMES },
];
const BY_TIME = { key: "created", direction: -1 };

/** By parentElement, its table: the function below runs at every rerun. */
const tables = new WeakMap();

/** @param {{data: Data, parentElement: HTMLElement, setTriggerValue: Function}} component */
export default function ({ data, parentElement, setTriggerValue }) {
  if (!tables.has(parentElement)) tables.set(parentElement, makeTable(parentElement));
  const table = tables.get(parentElement);
  table.ask = (action) => setTriggerValue("asked", action);
  table.tick = (ids) => setTriggerValue("ticked", { ids });
  table.show(data);
}

function makeTable(root) {
  const part = (selector) => root.querySelector(selector);
  const body = part("tbody");
  const selects = { state: part(".by-state"), dataset: part(".by-dataset"), tag: part(".by-tag") };
  const known = part("datalist");
  known.id = `tags-${Math.random().toString(36).slice(2)}`;
  const view = { find: "", state: "", dataset: "", tag: "", sort: BY_TIME, ...remembered() };
  const table = { rows: [], ticked: new Set(), limit: ROWS_AT_ONCE, jump: false, sent: null };
  const drawn = new Map(); // by id, a row of the page and what it shows

  table.show = ({ rows, compared }) => {
    table.rows = rows;
    // An answer from before the last click knows nothing of it.
    const sent = table.sent?.filter((id) => rows.some((row) => row.id === id));
    if (!sent || String(sent) === String(compared)) table.sent = null;
    table.ticked = new Set(table.sent ?? compared);
    fillSelects();
    draw();
    if (table.sent) return;
    if (table.jump && compared.length > 1) bringIntoView(".st-key-comparison");
    table.jump = false;
  };

  function draw() {
    const rows = sorted(table.rows.filter(matches), view.sort);
    const shown = rows.slice(0, table.limit);
    const had = document.activeElement?.closest?.("tr")?.dataset.id;
    const elements = shown.map((row) => drawRow(row));
    place(elements);
    for (const id of drawn.keys()) if (!shown.some((row) => row.id === id)) drawn.delete(id);
    if (had && !root.contains(document.activeElement)) drawn.get(had)?.element.querySelector(".add")?.focus();
    drawHead();
    const all = table.rows.length === 1 ? "1 run" : `${table.rows.length.toLocaleString("en")} runs`;
    part(".count").textContent = rows.length === table.rows.length ? `${all}.` : `${rows.length} of ${all}.`;
    part(".more-rows").hidden = rows.length <= table.limit;
    part(".more-rows").textContent = `Show ${Math.min(ROWS_AT_ONCE, rows.length - table.limit)} more`;
  }

  /** Let the body hold these rows. One that stays is not moved: a field in it would lose the focus. */
  function place(elements) {
    for (const old of [...body.children]) if (!elements.includes(old)) old.remove();
    elements.forEach((element, i) => {
      if (body.children[i] !== element) body.insertBefore(element, body.children[i] ?? null);
    });
  }

  function drawRow(row) {
    const content = JSON.stringify(row);
    const old = drawn.get(row.id);
    const isInUse = old?.element.querySelector("input:not([type=checkbox]), textarea, details[open]");
    const element = old && (isInUse || old.content === content) ? old.element : makeRow(row); // a running run's row changes
    drawn.set(row.id, { element, content: isInUse ? old.content : content });
    const ticked = table.ticked.has(row.id);
    element.classList.toggle("ticked", ticked);
    element.querySelector(".tick input").checked = ticked;
    return element;
  }

  function makeRow(row) {
    const tr = document.createElement("tr");
    tr.dataset.id = row.id;
    const name = add(tr, "th", "run");
    name.scope = "row";
    const tick = add(tr, "td", "tick");
    tr.prepend(tick);
    const box = add(add(tick, "label"), "input");
    box.type = "checkbox";
    box.setAttribute("aria-label", `Compare ${row.name}`);
    box.onchange = () => setTick(row.id, box.checked);

    const open = add(name, "button", "open", row.name);
    open.onclick = () => table.ask({ kind: "open", id: row.id });
    name.append(" ");
    add(name, "span", `pill ${row.tone}`, row.state);
    add(name, "span", "about", row.about);
    const note = add(name, "span", "note", row.note);
    drawTags(add(name, "div", "tags"), row);

    add(tr, "td", "word", row.dataset);
    add(tr, "td", "word", row.model);
    drawScore(add(tr, "td", "score"), row);
    drawSpark(add(tr, "td", "loss"), row.losses);
    add(tr, "td", "took", row.seconds_text);
    add(tr, "td", "when", row.created_text);
    drawButtons(add(tr, "td", "do"), row, note);
    return tr;
  }

  function setTick(id, on) {
    if (on) table.ticked.add(id);
    else table.ticked.delete(id);
    table.jump = on && table.ticked.size === 2;
    draw();
    table.sent = [...table.ticked];
    table.tick(table.sent);
  }

  function drawTags(place, row) {
    for (const tag of row.tags) {
      const chip = add(place, "span", "tag", tag);
      const away = add(chip, "button", "", "×");
      away.setAttribute("aria-label", `Take the tag ${tag} away`);
      away.onclick = () => table.ask({ kind: "tags", id: row.id, tags: row.tags.filter((other) => other !== tag) });
    }
    const button = add(place, "button", "add", "+ tag");
    button.setAttribute("aria-label", `Add a tag to ${row.name}`);
    button.onclick = () => {
      const input = document.createElement("input");
      input.setAttribute("aria-label", `New tag of ${row.name}`);
      input.maxLength = 40;
      input.setAttribute("list", known.id);
      button.replaceWith(input);
      input.focus();
      whenTyped(input, button, (text) => table.ask({ kind: "tags", id: row.id, tags: [...row.tags, text] }));
    };
  }

  function drawButtons(place, row, note) {
    if (row.can_resume) {
      const resume = add(place, "button", "resume", "Go on");
      resume.setAttribute("aria-label", `Go on with ${row.name}`);
      resume.onclick = () => table.ask({ kind: "resume", id: row.id });
    }
    const details = add(place, "details");
    add(details, "summary", "", "").setAttribute("aria-label", `More about ${row.name}`);
    const menu = add(details, "div", "menu");
    const item = (css, title, action) => {
      add(menu, "button", css, title).onclick = () => {
        details.open = false;
        action();
      };
    };
    item("rename", "Rename", () => table.ask({ kind: "rename", id: row.id }));
    item("edit-note", row.note ? "Change the note" : "Write a note", () => editNote(row, note));
    item("delete", "Delete", () => table.ask({ kind: "delete", id: row.id }));
  }

  function editNote(row, note) {
    const area = document.createElement("textarea");
    area.value = row.note;
    area.rows = 2;
    area.maxLength = 2000;
    area.setAttribute("aria-label", `Note on ${row.name}`);
    note.replaceWith(area);
    area.focus();
    whenTyped(area, note, (text) => table.ask({ kind: "note", id: row.id, text }), row.note);
  }

  function drawHead() {
    const head = part("thead tr");
    if (!head.children.length) {
      const first = add(head, "th", "tick");
      first.scope = "col";
      first.append(hidden("Compare"));
      for (const column of COLUMNS) {
        const cell = add(head, "th", column.css);
        cell.scope = "col";
        cell.dataset.key = column.key;
        add(cell, "button", "", column.title).onclick = () => sortBy(column);
      }
      add(head, "th", "do").append(hidden("More"));
    }
    for (const cell of head.querySelectorAll("[data-key]")) {
      const direction = cell.dataset.key === view.sort.key ? view.sort.direction : 0;
      cell.setAttribute("aria-sort", { "1": "ascending", "-1": "descending", "0": "none" }[direction]);
    }
    part(".sort").value = `${view.sort.key} ${view.sort.direction}`;
  }

  function sortBy(column) {
    const again = view.sort.key === column.key;
    set({ sort: { key: column.key, direction: again ? -view.sort.direction : column.first } });
  }

  function set(changes) {
    Object.assign(view, changes);
    table.limit = ROWS_AT_ONCE;
    remember(view);
    draw();
  }

  function fillSelects() {
    const unique = (values) => [...new Set(values)].sort((a, b) => a.localeCompare(b, undefined, { numeric: true }));
    const tags = unique(table.rows.flatMap((row) => row.tags));
    fill(selects.state, "All states", unique(table.rows.map((row) => row.state)), "state");
    fill(selects.dataset, "All photos", unique(table.rows.map((row) => row.dataset)), "dataset");
    fill(selects.tag, "All tags", tags, "tag");
    selects.tag.hidden = !tags.length;
    known.replaceChildren(...tags.map((tag) => new Option(tag, tag)));
  }

  function fill(select, all, values, key) {
    if (view[key] && !values.includes(view[key])) view[key] = ""; // the last one of its kind is gone
    select.replaceChildren(new Option(all, ""), ...values.map((value) => new Option(value, value)));
    select.value = view[key];
  }

  function matches(row) {
    const text = [row.name, row.dataset, row.model, row.state, row.note, ...row.tags].join("\n").toLowerCase();
    const words = view.find.toLowerCase().split(/\s+/);
    return (
      words.every((word) => text.includes(word)) &&
      (!view.state || row.state === view.state) &&
      (!view.dataset || row.dataset === view.dataset) &&
      (!view.tag || row.tags.includes(view.tag))
    );
  }

  const sort = part(".sort");
  for (const { key, title, ways } of COLUMNS) {
    sort.append(new Option(`${title}: ${ways[0]}`, `${key} 1`), new Option(`${title}: ${ways[1]}`, `${key} -1`));
  }
  sort.onchange = () => {
    const [key, direction] = sort.value.split(" ");
    set({ sort: { key, direction: Number(direction) } });
  };
  part(".find").value = view.find;
  part(".find").oninput = (event) => set({ find: event.target.value });
  for (const [key, select] of Object.entries(selects)) select.onchange = () => set({ [key]: select.value });
  part(".more-rows").onclick = () => {
    table.limit += ROWS_AT_ONCE;
    draw();
  };
  root.addEventListener("keydown", (event) => {
    const open = event.key === "Escape" && root.querySelector("details[open]");
    if (!open) return;
    open.open = false;
    open.querySelector("summary").focus();
  });
  document.addEventListener("click", (event) => {
    for (const details of root.querySelectorAll("details[open]")) {
      if (!details.contains(event.target)) details.open = false;
    }
  });
  return table;
}

/** Rows in order; what has no value comes last either way, and equal ones stay newest first. */
function sorted(rows, { key, direction }) {
  const { value } = COLUMNS.find((column) => column.key === key) ?? COLUMNS.at(-1);
  return [...rows].sort((one, other) => {
    const [a, b] = [value(one), value(other)];
    if (a == null || b == null) return (a == null) - (b == null);
    const order = typeof a === "string" ? a.localeCompare(b, undefined, { numeric: true }) : a - b;
    return direction * order;
  });
}

/** Call `save` with what was typed, on Enter or when the field is left; Escape, or nothing new, puts `back` back. */
function whenTyped(field, back, save, before = "") {
  let done = false;
  const end = (keep) => {
    if (done) return;
    done = true;
    const text = field.value.trim();
    field.replaceWith(back);
    if (keep && text !== before.trim()) save(text);
  };
  field.onblur = () => end(true);
  field.onkeydown = (event) => {
    event.stopPropagation();
    if (event.key === "Escape") end(false);
    else if (event.key === "Enter" && !event.shiftKey) end(true);
    else return;
    event.preventDefault();
    back.focus?.();
  };
}

/** An element of the page appears with the next answer of the script: scroll to it once it is there. */
function bringIntoView(selector) {
  const until = performance.now() + 3000;
  const look = () => {
    const element = document.querySelector(selector);
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    if (element) element.scrollIntoView({ block: "start", behavior: calm ? "auto" : "smooth" });
    else if (performance.now() < until) requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}

function drawScore(cell, row) {
  const [, amount, margin] = row.score_text.match(/^(\S+ %)\s*(.*)$/s) ?? ["", "", row.score_text];
  add(cell, "b", "", amount);
  cell.append(" ");
  add(cell, "span", "", margin);
}

/** A small curve with a dot at its lowest point. */
function drawSpark(cell, losses) {
  if (losses.length < 2) return;
  const { width, height, edge } = SPARK;
  const [least, most] = [lowest(losses), Math.max(...losses)];
  const x = (i) => edge + ((width - 2 * edge) * i) / (losses.length - 1);
  const y = (loss) => edge + (height - 2 * edge) * (most > least ? (most - loss) / (most - least) : 0.5);
  const best = losses.indexOf(least);
  const make = (name, attributes) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    return element;
  };
  const words = `Validation loss from ${short(losses[0])} to ${short(losses.at(-1))}, lowest ${short(least)}`;
  const svg = make("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": words });
  const title = make("title", {});
  title.textContent = words;
  const path = losses.map((loss, i) => `${i ? "L" : "M"}${x(i).toFixed(1)} ${y(loss).toFixed(1)}`).join("");
  svg.append(title, make("path", { d: path }), make("circle", { cx: x(best), cy: y(least), r: 2.6 }));
  cell.append(svg);
}

function lowest(losses) {
  return losses.length ? Math.min(...losses) : null;
}

function short(value) {
  return Number(value.toPrecision(3)).toString();
}

/** A new child element; text is set as text, never as HTML. */
function add(parent, tag, css = "", text = "") {
  const element = document.createElement(tag);
  if (css) element.className = css;
  if (tag === "button") element.type = "button";
  if (text) element.textContent = text;
  parent.append(element);
  return element;
}

function hidden(text) {
  const span = document.createElement("span");
  span.textContent = text;
  span.style.cssText = "position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)";
  return span;
}

function remembered() {
  try {
    return JSON.parse(sessionStorage.getItem(REMEMBERED)) ?? {};
  } catch {
    return {};
  }
}

function remember(view) {
  try {
    sessionStorage.setItem(REMEMBERED, JSON.stringify(view));
  } catch {
    // a browser that keeps nothing still sorts and filters
  }
}
