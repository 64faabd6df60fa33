/**
 * A table of counts. One cell takes part in the tab order; arrows move, Enter or space opens, a click does both.
 *
 * Called at the first drawing and again whenever the data changed, on the same element: rows and cells that exist are
 * updated in place, and with them the focus stays.
 *
 * In (`data`, from confusion/__init__.py):
 * @typedef {object} Data
 * @property {string[]} classes
 * @property {number[][]} counts photos by [truth][predicted]
 * @property {[number, number] | null} selected the cell that is open, as [truth, predicted]
 *
 * Out: the trigger "opened" with {truth, predicted}, indices into `classes`.
 */

const DEEP = 0.62; // above it the figure is written in the other colour
const CELL_PIXELS = { least: 28, most: 46, table: 440 };

const PHOTOS = ".st-key-photos_of_cell"; // where the page shows the photos of the open cell
const justOpened = new WeakSet();

/** @param {{data: Data, parentElement: HTMLElement, setTriggerValue: Function}} component */
export default function ({ data, parentElement, setTriggerValue }) {
  const table = parentElement.querySelector("table");
  setSizes(table, data.classes);
  resize(table, data.classes);
  fill(table, data);

  if (data.selected && justOpened.delete(parentElement)) bringIntoView(PHOTOS);

  const cells = [...table.querySelectorAll("td")];
  const focused = cells.find((cell) => cell === document.activeElement);
  makeTabStop(cells, focused ?? cells.find((cell) => cell.tabIndex === 0) ?? cells[0]);

  function open(cell) {
    if (!cell.dataset.count) return;
    justOpened.add(parentElement);
    setTriggerValue("opened", { truth: Number(cell.dataset.row), predicted: Number(cell.dataset.column) });
  }

  table.onclick = (event) => {
    const cell = event.target.closest("td");
    if (!cell) return;
    makeTabStop(cells, cell);
    open(cell);
  };
  table.onkeydown = (event) => {
    const index = cells.indexOf(event.target.closest("td"));
    if (index < 0) return;
    const columns = data.classes.length;
    const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns }[event.key];
    if (step && cells[index + step]) {
      makeTabStop(cells, cells[index + step]);
      cells[index + step].focus();
    } else if (event.key === "Enter" || event.key === " ") {
      open(cells[index]);
    } else {
      return;
    }
    event.preventDefault();
  };
}

function setSizes(table, classes) {
  const { least, most, table: whole } = CELL_PIXELS;
  const cell = Math.max(least, Math.min(most, Math.round(whole / classes.length)));
  const longestName = Math.max(...classes.map((name) => name.length));
  table.style.setProperty("--classes", classes.length);
  table.style.setProperty("--cell", `${cell}px`);
  table.style.setProperty("--names", `${28 + 5 * Math.min(17, longestName)}px`);
}

/** Give the table one row and one column per class. Names are set as text, never as HTML. */
function resize(table, classes) {
  const head = table.tHead.rows[0];
  const body = table.tBodies[0];
  while (head.cells.length < classes.length + 1) {
    const cell = head.appendChild(document.createElement("th"));
    if (head.cells.length > 1) cell.append(document.createElement("span"));
  }
  while (head.cells.length > classes.length + 1) head.lastChild.remove();
  while (body.rows.length > classes.length) body.lastChild.remove();
  classes.forEach((name, i) => {
    Object.assign(head.cells[i + 1].firstChild, { textContent: name, title: name });
    const row = body.rows[i] ?? body.insertRow();
    if (!row.cells.length) row.append(document.createElement("th"));
    Object.assign(row.cells[0], { textContent: name, title: name, scope: "row" });
    while (row.cells.length < classes.length + 1) row.insertCell();
    while (row.cells.length > classes.length + 1) row.lastChild.remove();
  });
}

function fill(table, { classes, counts, selected }) {
  const mostRight = Math.max(1, ...counts.map((row, i) => row[i]));
  const mostWrong = Math.max(4, ...counts.flatMap((row, i) => row.filter((_, j) => i !== j)));
  counts.forEach((row, i) => row.forEach((count, j) => {
    const cell = table.tBodies[0].rows[i].cells[j + 1];
    const isRight = i === j;
    const share = strength(count, isRight, isRight ? mostRight : mostWrong);
    const label = describe(classes, i, j, count);
    cell.textContent = count || "";
    cell.className = `${isRight ? "right" : "wrong"} ${share > DEEP ? "deep" : ""}`;
    cell.style.setProperty("--strength", `${colourPercent(share)}%`);
    Object.assign(cell.dataset, { row: i, column: j });
    if (count) cell.dataset.count = count;
    else delete cell.dataset.count;
    cell.setAttribute("role", "gridcell");
    cell.setAttribute("aria-label", label);
    cell.title = label;
    cell.setAttribute("aria-selected", Boolean(selected && selected[0] === i && selected[1] === j));
  }));
}

/** How strong a cell is, from 0 to 1. Mistakes begin above 0: a single one must be seen. */
function strength(count, isRight, most) {
  if (!count) return 0;
  return isRight ? Math.sqrt(count / most) : 0.14 + (0.72 * count) / most;
}

/**
 * How much of the colour shows. Between 50 and 94 percent neither the dark nor the light figure could be read in both
 * themes (4.5:1): a cell is paler or stronger than that.
 */
function colourPercent(share) {
  return share > DEEP ? 94 + (6 * (share - DEEP)) / (1 - DEEP) : (50 * share) / DEEP;
}

/** Scroll to an element that begins out of sight, as it does where the columns of a page stand below each other. */
function bringIntoView(selector) {
  requestAnimationFrame(() => {
    const element = document.querySelector(selector);
    const top = element?.getBoundingClientRect().top ?? 0;
    if (!element || (top >= 0 && top < innerHeight * 0.6)) return;
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    element.scrollIntoView({ block: "start", behavior: calm ? "auto" : "smooth" });
  });
}

function makeTabStop(cells, cell) {
  for (const other of cells) other.tabIndex = other === cell ? 0 : -1;
}

function describe(classes, truth, predicted, count) {
  const photos = count === 1 ? "1 photo" : `${count} photos`;
  if (truth === predicted) return `${classes[truth]}: ${photos} recognised`;
  return `${classes[truth]} taken for ${classes[predicted]}: ${photos}`;
}
