/**
 * A grid of photos: a few rows, and more of them on request. It has no scroll bar of its own, so that the page moves
 * under wheel and finger. Photos near the window are in the page, the others are only numbers: 10,000 cost as much as
 * 100.
 *
 * In (`data`, from photo_grid/__init__.py):
 * @typedef {object} Data
 * @property {[string, string][]} [shown] the photos as [image_id, caption]; or the following three
 * @property {string} [list] address of all photos of a version
 * @property {number | null} [label] only this class index; null for all
 * @property {string | null} [split] only this split; null for all
 * @property {string} thumbnails address, to be followed by an image_id
 * @property {string} photos address, to be followed by an image_id
 * @property {string[]} classes
 * @property {boolean} editable
 * @property {number} height in pixels of the first rows, at most
 * @property {number} [lines] of a caption, at most; 1 unless given
 * @property {typeof WORDS} [words] other words than for classes
 * @property {{kind: string, label?: string}} [drop] the edit of photos that are dragged here from another grid
 *
 * Out: the trigger "edited" with {kind: "relabel" | "leave out", label, ids}; the label may be a new class.
 *
 * @typedef {{id: string, caption: string, more: string}} Photo
 */

const NARROWEST = 112; // pixels of a column
const GAP = 11; // pixels below a caption
const LINE = 18; // pixels of a line of a caption
const SPARE_ROWS = 3; // above and below the window
const MORE = 3; // times as many rows at each "Show more"
const NEW_CLASS = -1; // an option beside class indices
const DRAGGED = "application/x-graft-photos";
const WORDS = {
  photos: "Photos",
  into: "are really",
  fresh: "a new class …",
  naming: "name of the new class",
  apply: "Relabel",
  leave: "Leave out",
  hint: "Click one to see it large; tick several to relabel them or leave them out.",
};

/** By address, the promise of a list: a version never changes. */
const lists = new Map();
/** By parentElement, its grid: the function below runs at every rerun. */
const grids = new WeakMap();

/** @param {{data: Data, parentElement: HTMLElement, setTriggerValue: Function}} component */
export default function ({ data, parentElement, setTriggerValue }) {
  if (!grids.has(parentElement)) grids.set(parentElement, makeGrid(parentElement));
  const grid = grids.get(parentElement);
  grid.onEdited = (edit) => setTriggerValue("edited", edit);
  grid.show(data);
}

function fetchList(address) {
  if (!lists.has(address)) {
    const list = fetch(address).then((reply) => (reply.ok ? reply.json() : Promise.reject(reply.status)));
    list.catch(() => lists.delete(address));
    lists.set(address, list);
  }
  return lists.get(address);
}

/**
 * The photos to show: those given, or all of a list that are of the wanted class and split.
 * @param {Data} data
 * @returns {Promise<Photo[]>}
 */
async function selectPhotos(data) {
  if (data.shown) return data.shown.map(([id, caption]) => ({ id, caption, more: "" }));
  const { photos, classes, splits } = await fetchList(data.list);
  const wantedSplit = data.split === null ? null : splits.indexOf(data.split);
  const matching = photos.filter(([, label, split]) => (
    (data.label === null || label === data.label) && (wantedSplit === null || split === wantedSplit)
  ));
  // All classes together are shown mixed, always in the same way; else one would see the first class only.
  if (data.label === null) matching.sort((a, b) => hash(a[0]) - hash(b[0]));
  return matching.map(([id, label, split, name]) => (
    { id, caption: classes[label] ?? "no label", more: `${splits[split]} · ${name}` }
  ));
}

/** FNV-1a: the same number for the same text, far apart for texts that are alike. */
function hash(text) {
  let value = 2166136261;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 16777619);
  return value >>> 0;
}

function formatCount(count, singular, plural) {
  return count === 1 ? `1 ${singular}` : `${count.toLocaleString("en")} ${plural}`;
}

function makeGrid(root) {
  const part = (selector) => root.querySelector(selector);
  const element = part(".grid");
  const actions = part(".actions");
  const dialog = part("dialog");
  const move = part("select");
  const naming = part(".naming");
  const count = part(".count");
  /** @type {{photos: Photo[], selected: Set<string>, current: number, data: Data | null}} */
  const grid = { photos: [], selected: new Set(), current: 0, data: null };
  let rowsShown = 0; // 0: as many as fit the height; all of them where only one more would be left
  const figures = new Map(); // by index, the figures that are in the page
  let shownQuery = "";

  const columns = () => Math.max(2, Math.floor(element.clientWidth / NARROWEST));
  const columnWidth = () => element.clientWidth / columns();
  const pictureHeight = () => Math.round(columnWidth() * 0.9);
  const rowHeight = () => pictureHeight() + GAP + LINE * (grid.data?.lines ?? 1);
  const allRows = () => Math.ceil(grid.photos.length / columns());
  const firstRows = () => Math.max(2, Math.floor((grid.data?.height ?? 480) / rowHeight()));
  const shownRows = () => {
    const rows = Math.max(rowsShown, firstRows());
    return allRows() <= rows + 1 ? allRows() : rows;
  };

  grid.show = async (data) => {
    const query = JSON.stringify([data.list, data.label, data.split, data.shown]);
    // Of another version or task photos may be gone; another class or split is only seen beside what is selected.
    if (data.list !== grid.data?.list || (data.shown && query !== shownQuery)) grid.selected.clear();
    grid.data = data;
    element.classList.toggle("read-only", !data.editable);
    element.style.setProperty("--lines", data.lines ?? 1);
    writeWords(data.words ?? WORDS);
    fillClasses(data.classes, data.words ?? WORDS);
    if (query === shownQuery) {
      draw();
      return;
    }
    shownQuery = query;
    let photos;
    try {
      photos = await selectPhotos(data);
    } catch {
      shownQuery = "";
      count.textContent = "The photos could not be reached.";
      return;
    }
    if (query !== shownQuery) return; // a later query has overtaken this one
    grid.photos = photos;
    grid.current = 0;
    rowsShown = 0;
    figures.forEach((figure) => figure.remove());
    figures.clear();
    draw();
  };

  function writeWords(words) {
    element.setAttribute("aria-label", words.photos);
    part(".into").textContent = words.into;
    part(".apply").textContent = words.apply;
    part(".leave").textContent = words.leave;
    part(".leave").hidden = !words.leave;
    const name = naming.querySelector("input");
    name.placeholder = words.naming;
    name.setAttribute("aria-label", words.naming);
  }

  function fillClasses(classes, words) {
    const joined = classes.join("\n");
    if (move.dataset.classes === joined) return;
    move.dataset.classes = joined;
    const options = classes.map((name, i) => new Option(name, i));
    move.replaceChildren(new Option("…", ""), ...options, new Option(words.fresh, NEW_CLASS));
  }

  function draw() {
    const height = rowHeight();
    element.style.height = `${shownRows() * height}px`;
    drawFigures(columns(), height);
    if (figures.has(grid.current)) element.setAttribute("aria-activedescendant", `photo-${grid.current}`);
    else element.removeAttribute("aria-activedescendant"); // far from the window: it is not in the page
    element.classList.toggle("choosing", grid.selected.size > 0);
    part(".none").hidden = grid.photos.length > 0;
    part(".more").hidden = shownRows() === allRows();
    part(".fewer").hidden = shownRows() <= firstRows() + 1;
    writeCounts();
  }

  function drawFigures(across, height) {
    const { top } = element.getBoundingClientRect(); // of the window, which alone decides what can be seen
    const first = Math.max(0, Math.floor(-top / height) - SPARE_ROWS) * across;
    const lastRow = Math.min(shownRows(), Math.ceil((window.innerHeight - top) / height) + SPARE_ROWS);
    const last = Math.min(grid.photos.length, lastRow * across);
    for (const [i, figure] of figures) {
      if (i >= first && i < last) continue;
      figure.remove();
      figures.delete(i);
    }
    const width = columnWidth();
    for (let i = first; i < last; i++) {
      const figure = figures.get(i) ?? makeFigure(i);
      const left = (i % across) * width;
      const top = Math.floor(i / across) * height;
      figure.style.cssText = `width:${width}px;height:${height}px;left:${left}px;top:${top}px`;
      figure.firstChild.style.height = `${pictureHeight() - 4}px`;
      figure.setAttribute("aria-selected", grid.selected.has(grid.photos[i].id));
      figure.classList.toggle("current", i === grid.current);
    }
  }

  function writeCounts() {
    const selected = grid.selected.size;
    actions.hidden = !selected;
    const hidden = selected && selected - grid.photos.filter(({ id }) => grid.selected.has(id)).length;
    const elsewhere = hidden ? ` (${hidden.toLocaleString("en")} not shown here)` : "";
    actions.querySelector("b").textContent = formatCount(selected, "chosen photo", "chosen photos") + elsewhere;
    const shown = Math.min(grid.photos.length, shownRows() * columns());
    const of = shown < grid.photos.length ? `${shown.toLocaleString("en")} of ` : "";
    count.textContent = of + formatCount(grid.photos.length, "photo", "photos");
    if (grid.data?.editable && !selected && grid.photos.length) {
      const { hint } = grid.data.words ?? WORDS;
      if (hint) count.textContent += `. ${hint}`;
    }
  }

  function makeFigure(i) {
    const photo = grid.photos[i];
    const figure = document.createElement("div");
    figure.className = "photo";
    figure.id = `photo-${i}`;
    figure.title = photo.more;
    figure.setAttribute("role", "option");
    const image = figure.appendChild(new Image());
    image.alt = photo.caption;
    image.decoding = "async";
    image.src = grid.data.thumbnails + encodeURIComponent(photo.id);
    if (grid.data.drop) makeDraggable(figure, image, photo);
    figure.appendChild(document.createElement("p")).textContent = photo.caption; // text, never HTML
    figure.append(makeTick(i));
    figure.onclick = (event) => {
      if (grid.data.editable && (event.shiftKey || event.ctrlKey || event.metaKey)) {
        toggle(i, event.shiftKey);
      } else {
        enlarge(i);
      }
    };
    figures.set(i, element.appendChild(figure));
    return figure;
  }

  /** With all that is selected, where it is one of these. */
  function makeDraggable(figure, image, photo) {
    image.draggable = false; // the browser would drag the picture alone
    figure.draggable = true;
    figure.ondragstart = (event) => {
      const ids = grid.selected.has(photo.id) ? [...grid.selected] : [photo.id];
      event.dataTransfer.setData(DRAGGED, JSON.stringify(ids));
      event.dataTransfer.effectAllowed = "move";
    };
  }

  function takeDropped(event) {
    const ids = JSON.parse(event.dataTransfer.getData(DRAGGED));
    const own = new Set(grid.photos.map(({ id }) => id));
    if (ids.some((id) => !own.has(id))) grid.onEdited({ ...grid.data.drop, ids });
  }

  const isTaken = (event) => Boolean(grid.data?.drop) && event.dataTransfer.types.includes(DRAGGED);

  /** For the mouse and the finger; the keyboard has the space bar, and readers hear "selected" of the photo itself. */
  function makeTick(i) {
    const tick = document.createElement("span");
    tick.className = "tick";
    tick.setAttribute("aria-hidden", "true");
    tick.textContent = "✓";
    tick.onclick = (event) => {
      event.stopPropagation();
      toggle(i, event.shiftKey);
    };
    return tick;
  }

  /** Select or unselect one photo; asRange: select all from the current one to it. */
  function toggle(i, asRange) {
    if (!grid.data.editable || !grid.photos[i]) return;
    if (asRange) {
      const last = Math.max(i, grid.current);
      for (let k = Math.min(i, grid.current); k <= last; k++) grid.selected.add(grid.photos[k].id);
    } else {
      const { id } = grid.photos[i];
      if (!grid.selected.delete(id)) grid.selected.add(id);
    }
    moveTo(i);
  }

  function selectNone() {
    grid.selected.clear();
    draw();
  }

  /** Make a photo the current one, and scroll it into view. */
  function moveTo(i) {
    grid.current = Math.max(0, Math.min(grid.photos.length - 1, i));
    rowsShown = Math.max(rowsShown, Math.floor(grid.current / columns()) + 1);
    draw();
    scrollTo(Math.floor(grid.current / columns()));
  }

  /** Bring a row into the window: what would be drawn there may not be in the page yet. */
  function scrollTo(row) {
    const height = rowHeight();
    const mark = element.appendChild(document.createElement("i"));
    mark.className = "mark";
    mark.style.cssText = `top:${row * height}px;height:${height}px`;
    mark.scrollIntoView({ block: "nearest" });
    mark.remove();
  }

  function enlarge(i) {
    const photo = grid.photos[i];
    if (!photo) return;
    moveTo(i);
    const image = dialog.querySelector("img");
    image.src = grid.data.photos + encodeURIComponent(photo.id);
    image.alt = photo.caption;
    dialog.querySelector("figcaption").textContent = [photo.caption, photo.more].filter(Boolean).join(" · ");
    if (!dialog.open) dialog.showModal();
  }

  function edit(kind, label = "") {
    grid.onEdited({ kind, label, ids: [...grid.selected] });
    closeNaming();
    selectNone();
  }

  function closeNaming() {
    naming.hidden = true;
    naming.reset();
    move.value = "";
  }

  part(".previous").onclick = () => enlarge(grid.current - 1);
  part(".next").onclick = () => enlarge(grid.current + 1);
  part(".clear").onclick = selectNone;
  part(".leave").onclick = () => edit("leave out");
  move.onchange = () => {
    const chosen = move.value && Number(move.value);
    naming.hidden = chosen !== NEW_CLASS;
    if (chosen === NEW_CLASS) return naming.querySelector("input").focus();
    if (chosen !== "") edit("relabel", grid.data.classes[chosen]);
    move.value = "";
  };
  naming.onsubmit = (event) => {
    event.preventDefault();
    const name = naming.querySelector("input").value.trim();
    if (name) edit("relabel", name);
  };
  naming.onkeydown = (event) => {
    if (event.key === "Escape") closeNaming();
  };
  part(".more").onclick = () => {
    rowsShown = MORE * shownRows();
    draw();
  };
  part(".fewer").onclick = () => {
    rowsShown = 0;
    draw();
    element.scrollIntoView({ block: "nearest" });
  };
  dialog.onclick = (event) => {
    if (event.target === dialog || event.target.localName === "figure") dialog.close(); // beside the picture
  };
  dialog.onkeydown = (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step) {
      enlarge(grid.current + step);
      event.preventDefault();
    }
    event.stopPropagation();
  };
  const whole = part(".graft-keep");
  whole.ondragover = (event) => {
    if (!isTaken(event)) return;
    event.preventDefault();
    whole.classList.add("dragged-over");
  };
  whole.ondragleave = (event) => {
    if (!whole.contains(event.relatedTarget)) whole.classList.remove("dragged-over");
  };
  whole.ondrop = (event) => {
    whole.classList.remove("dragged-over");
    if (!isTaken(event)) return;
    event.preventDefault();
    takeDropped(event);
  };
  const onScroll = () => {
    if (element.isConnected) requestAnimationFrame(draw);
    else document.removeEventListener("scroll", onScroll, true);
  };
  document.addEventListener("scroll", onScroll, { capture: true, passive: true }); // whichever ancestor scrolls
  element.onkeydown = (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns(), ArrowUp: -columns() }[event.key];
    const label = grid.data.classes[Number(event.key) - 1];
    const hasSelection = grid.selected.size > 0;
    if (step && event.shiftKey) toggle(grid.current + step, true);
    else if (step) moveTo(grid.current + step);
    else if (event.key === " ") toggle(grid.current, false);
    else if (event.key === "Enter") enlarge(grid.current);
    else if (event.key === "Escape") selectNone();
    else if (event.key === "Delete" && hasSelection) edit("leave out");
    else if (label && hasSelection) edit("relabel", label);
    else return;
    event.preventDefault();
  };
  new ResizeObserver(() => requestAnimationFrame(draw)).observe(whole);
  return grid;
}
