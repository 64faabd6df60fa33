// The photos near the window are in the page, the others are only numbers: 10,000 cost as much as 100.
const NARROWEST = 112, GAP = 11, LINE = 18, SPARE = 3;   // pixels, pixels, pixels, rows above and below the window
const lists = new Map();                           // address -> promise of a list; a version never changes
const grids = new WeakMap();                       // parentElement -> its grid: the function below runs at every rerun

export default function ({ data, parentElement, setTriggerValue }) {
  let grid = grids.get(parentElement);
  if (!grid) grids.set(parentElement, (grid = makeGrid(parentElement)));
  grid.tell = (edit) => setTriggerValue("edited", edit);
  grid.show(data);
}

function list(address) {
  if (!lists.has(address)) {
    lists.set(address, fetch(address).then((reply) => (reply.ok ? reply.json() : Promise.reject(reply.status))));
    lists.get(address).catch(() => lists.delete(address));
  }
  return lists.get(address);
}

// The photos to show, as {id, caption, more}: all of a list that are of the wanted class and split, or those given.
async function wanted(data) {
  if (data.shown) return data.shown.map(([id, caption]) => ({ id, caption, more: "" }));
  const { photos, classes, splits } = await list(data.list);
  const split = data.split === null ? -1 : splits.indexOf(data.split);
  const fitting = photos.filter((p) => (data.label === null || p[1] === data.label) && (split < 0 || p[2] === split));
  // All classes together are shown mixed, always in the same way; else one would see the first class only.
  if (data.label === null) fitting.sort((a, b) => scatter(a[0]) - scatter(b[0]));
  return fitting.map(([id, label, where, name]) => ({ id, caption: classes[label] ?? "no label", more: `${splits[where]} · ${name}` }));
}

function scatter(id) {                              // FNV-1a: the same number for the same id, alike ones far apart
  let hash = 2166136261;
  for (let i = 0; i < id.length; i++) hash = Math.imul(hash ^ id.charCodeAt(i), 16777619);
  return hash >>> 0;
}

function makeGrid(root) {
  const part = (selector) => root.querySelector(selector);
  const element = part(".grid"), floor = part(".floor"), actions = part(".actions"), dialog = part("dialog");
  const move = part("select"), count = part(".count");
  const grid = { photos: [], chosen: new Set(), current: 0, data: null };
  const shown = new Map();                          // index -> figure in the page
  let asked = "";

  const columns = () => Math.max(2, Math.floor(element.clientWidth / NARROWEST));
  const width = () => element.clientWidth / columns();
  const pictureHeight = () => Math.round(width() * 0.9);
  const height = () => pictureHeight() + GAP + LINE * (grid.data?.lines ?? 1);

  grid.show = async (data) => {
    const question = JSON.stringify([data.list, data.label, data.split, data.shown]);
    // Of another version or task photos may be gone; another class or split is only looked at beside what is chosen.
    if (data.list !== grid.data?.list || (data.shown && question !== asked)) grid.chosen.clear();
    grid.data = data;
    element.classList.toggle("read-only", !data.editable);
    element.style.setProperty("--lines", data.lines ?? 1);
    fillClasses(data.classes);
    if (question === asked) return draw();
    asked = question;
    let photos;
    try { photos = await wanted(data); } catch { asked = ""; count.textContent = "The photos could not be reached."; return; }
    if (question !== asked) return;                  // a later question was asked meanwhile
    grid.photos = photos;
    grid.current = 0;
    element.scrollTop = 0;
    shown.forEach((figure) => figure.remove());
    shown.clear();
    draw();
  };

  function fillClasses(classes) {
    if (move.dataset.classes === classes.join("\n")) return;
    move.dataset.classes = classes.join("\n");
    move.replaceChildren(new Option("…", ""), ...classes.map((name) => new Option(name, name)));
  }

  function draw() {
    const across = columns(), tall = height(), rows = Math.ceil(grid.photos.length / across);
    floor.style.height = `${rows * tall}px`;
    element.style.height = `${Math.min(grid.data?.height ?? 480, rows * tall)}px`;
    const first = Math.max(0, Math.floor(element.scrollTop / tall) - SPARE) * across;
    const last = Math.min(grid.photos.length, (Math.ceil((element.scrollTop + element.clientHeight) / tall) + SPARE) * across);
    for (const [i, figure] of shown) if (i < first || i >= last) { figure.remove(); shown.delete(i); }
    for (let i = first; i < last; i++) {
      const figure = shown.get(i) ?? make(i), wide = width();
      figure.style.cssText = `width:${wide}px;height:${tall}px;left:${(i % across) * wide}px;top:${Math.floor(i / across) * tall}px`;
      figure.firstChild.style.height = `${pictureHeight() - 4}px`;
      figure.setAttribute("aria-selected", grid.chosen.has(grid.photos[i].id));
      figure.classList.toggle("current", i === grid.current);
    }
    element.setAttribute("aria-activedescendant", `photo-${grid.current}`);
    element.classList.toggle("choosing", grid.chosen.size > 0);
    part(".none").hidden = grid.photos.length > 0;
    const chosen = grid.chosen.size;
    actions.hidden = !chosen;
    const elsewhere = chosen && chosen - grid.photos.reduce((sum, { id }) => sum + grid.chosen.has(id), 0);
    actions.querySelector("b").textContent = (chosen === 1 ? "1 chosen photo" : `${chosen.toLocaleString("en")} chosen photos`)
      + (elsewhere ? ` (${elsewhere.toLocaleString("en")} not shown here)` : "");
    count.textContent = grid.photos.length === 1 ? "1 photo" : `${grid.photos.length.toLocaleString("en")} photos`;
    if (grid.data?.editable && !chosen && grid.photos.length) count.textContent += ". Click one to see it large; tick several to relabel them or leave them out.";
  }

  function make(i) {
    const photo = grid.photos[i], figure = document.createElement("figure");
    figure.className = "photo";
    figure.id = `photo-${i}`;
    figure.title = photo.more;
    figure.setAttribute("role", "option");
    const image = figure.appendChild(new Image());
    image.alt = photo.caption;
    image.decoding = "async";
    image.src = grid.data.thumbnails + encodeURIComponent(photo.id);
    figure.appendChild(document.createElement("figcaption")).textContent = photo.caption;   // text, never HTML
    const tick = figure.appendChild(document.createElement("button"));
    tick.type = "button";
    tick.className = "tick";
    tick.tabIndex = -1;
    tick.textContent = "✓";
    tick.setAttribute("aria-label", `Choose this photo of ${photo.caption}`);
    tick.onclick = (event) => { event.stopPropagation(); choose(i, event.shiftKey); };
    figure.onclick = (event) => {
      if (grid.data.editable && (event.shiftKey || event.ctrlKey || event.metaKey)) choose(i, event.shiftKey);
      else { go(i); large(i); }
    };
    shown.set(i, element.appendChild(figure));
    return figure;
  }

  function choose(i, range) {
    if (!grid.data.editable) return;
    if (range) for (let k = Math.min(i, grid.current); k <= Math.max(i, grid.current); k++) grid.chosen.add(grid.photos[k].id);
    else { const { id } = grid.photos[i]; grid.chosen.delete(id) || grid.chosen.add(id); }
    go(i);
  }

  function go(i) {
    grid.current = Math.max(0, Math.min(grid.photos.length - 1, i));
    const tall = height(), top = Math.floor(grid.current / columns()) * tall;
    if (top < element.scrollTop) element.scrollTop = top;
    else if (top + tall > element.scrollTop + element.clientHeight) element.scrollTop = top + tall - element.clientHeight;
    draw();
  }

  function large(i) {
    const photo = grid.photos[i];
    if (!photo) return;
    go(i);
    const image = dialog.querySelector("img");
    image.src = grid.data.photos + encodeURIComponent(photo.id);
    image.alt = photo.caption;
    dialog.querySelector("figcaption").textContent = [photo.caption, photo.more].filter(Boolean).join(" · ");
    if (!dialog.open) dialog.showModal();
  }

  function edit(kind, label = "") {
    grid.tell({ kind, label, ids: [...grid.chosen] });
    grid.chosen.clear();
    draw();
  }

  part(".previous").onclick = () => large(grid.current - 1);
  part(".next").onclick = () => large(grid.current + 1);
  part(".clear").onclick = () => { grid.chosen.clear(); draw(); };
  part(".leave").onclick = () => edit("leave out");
  move.onchange = () => { if (move.value) edit("relabel", move.value); move.value = ""; };
  dialog.onclick = (event) => { if (event.target === dialog || event.target.localName === "figure") dialog.close(); };
  dialog.onkeydown = (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step) { large(grid.current + step); event.preventDefault(); }
    event.stopPropagation();
  };
  element.onscroll = () => requestAnimationFrame(draw);
  new ResizeObserver(() => requestAnimationFrame(draw)).observe(root.querySelector(".graft-keep"));
  element.onkeydown = (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns(), ArrowUp: -columns() }[event.key];
    const label = grid.data.classes[Number(event.key) - 1];
    if (step) event.shiftKey ? choose(grid.current + step, true) : go(grid.current + step);
    else if (event.key === " ") choose(grid.current, false);
    else if (event.key === "Enter") large(grid.current);
    else if (event.key === "Escape") { grid.chosen.clear(); draw(); }
    else if (event.key === "Delete" && grid.chosen.size) edit("leave out");
    else if (label && grid.chosen.size) edit("relabel", label);
    else return;
    event.preventDefault();
  };
  return grid;
}
