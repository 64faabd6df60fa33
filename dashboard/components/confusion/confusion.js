// A table of counts. One cell takes part in the tab order; arrows move, Enter or space opens, a click does both.
export default function ({ data, parentElement, setTriggerValue }) {
  const table = parentElement.querySelector("table");
  table.style.setProperty("--classes", data.classes.length);
  table.style.setProperty("--cell", `${Math.max(28, Math.min(46, Math.round(440 / data.classes.length)))}px`);
  table.style.setProperty("--names", `${28 + 5 * Math.min(17, Math.max(...data.classes.map((name) => name.length)))}px`);
  heads(table, data.classes);
  const open = (cell) => { if (cell.dataset.count) setTriggerValue("opened", { truth: Number(cell.dataset.row), answer: Number(cell.dataset.column) }); };
  const right = Math.max(1, ...data.counts.map((row, i) => row[i])), wrong = Math.max(4, ...data.counts.flatMap((row, i) => row.filter((_, j) => i !== j)));
  data.counts.forEach((row, i) => row.forEach((count, j) => {
    const cell = table.tBodies[0].rows[i].cells[j + 1], strength = !count ? 0 : i === j ? Math.round(100 * Math.sqrt(count / right)) : Math.round(14 + 72 * count / wrong);
    cell.textContent = count || "";
    cell.className = `${i === j ? "right" : "wrong"} ${strength > 62 ? "deep" : ""}`;
    cell.style.setProperty("--strength", `${strength}%`);
    Object.assign(cell.dataset, { row: i, column: j });
    if (count) cell.dataset.count = count; else delete cell.dataset.count;
    cell.setAttribute("role", "gridcell");
    cell.setAttribute("aria-label", said(data.classes, i, j, count));
    cell.title = said(data.classes, i, j, count);
    cell.setAttribute("aria-selected", Boolean(data.chosen && data.chosen[0] === i && data.chosen[1] === j));
  }));
  const cells = [...table.querySelectorAll("td")];
  const current = cells.find((cell) => cell === document.activeElement) ?? cells.find((cell) => cell.tabIndex === 0) ?? cells[0];
  cells.forEach((cell) => { cell.tabIndex = cell === current ? 0 : -1; });
  table.onclick = (event) => { const cell = event.target.closest("td"); if (cell) { go(cells, cell, false); open(cell); } };
  table.onkeydown = (event) => {
    const at = cells.indexOf(event.target.closest("td")), across = data.classes.length;
    const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: across, ArrowUp: -across }[event.key];
    if (at < 0) return;
    if (step && cells[at + step]) go(cells, cells[at + step], true);
    else if (event.key === "Enter" || event.key === " ") open(cells[at]);
    else return;
    event.preventDefault();
  };
}

function go(cells, cell, focus) {
  cells.forEach((one) => { one.tabIndex = one === cell ? 0 : -1; });
  if (focus) cell.focus();
}

// Names are set as text, never as HTML. Rows and cells that are there stay, and with them the focus.
function heads(table, classes) {
  const top = table.tHead.rows[0], body = table.tBodies[0];
  while (top.cells.length < classes.length + 1) {
    const head = top.appendChild(document.createElement("th"));
    if (top.cells.length > 1) head.append(document.createElement("span"));
  }
  while (top.cells.length > classes.length + 1) top.lastChild.remove();
  while (body.rows.length > classes.length) body.lastChild.remove();
  classes.forEach((name, i) => {
    Object.assign(top.cells[i + 1].firstChild, { textContent: name, title: name });
    const row = body.rows[i] ?? body.insertRow();
    if (!row.cells.length) row.append(document.createElement("th"));
    Object.assign(row.cells[0], { textContent: name, title: name, scope: "row" });
    while (row.cells.length < classes.length + 1) row.insertCell();
    while (row.cells.length > classes.length + 1) row.lastChild.remove();
  });
}

function said(classes, truth, answer, count) {
  const photos = count === 1 ? "1 photo" : `${count} photos`;
  return truth === answer ? `${classes[truth]}: ${photos} recognised` : `${classes[truth]} taken for ${classes[answer]}: ${photos}`;
}
