/**
 * Loose photos that nothing says anything about: one is asked what they show, class by class, before they are sent.
 *
 * @typedef {{file: File, path: string, label?: string}} Item
 */

const SHOWN = 36; // photos at once: a phone's gallery would not fit into its browser's memory
const THUMBNAIL = 160; // pixels
const CAMERA_NAMES = /^(img|dsc|dscn|dscf|dji|gopr|pxl|photo|image|picture|bild|foto|screenshot|whatsapp|signal)\b/i;

/**
 * @param {HTMLElement} root where it is drawn
 * @param {{classes: string[], done: string, without: string}} words classes there are already, the words of the button
 *   that ends it, and of the one that gives no labels ("": there is none)
 */
export function makeSorter(root, words) {
  const part = (selector) => root.querySelector(selector);
  const typed = part(".what input");
  const photos = part(".photos");
  /** @type {Item[]} */
  let items = [];
  const chosen = new Set(); // of those that have no class yet
  const canvases = new Map(); // by item, its small picture: drawn once
  let shown = SHOWN;
  let end = null; // resolves the promise of `sort`

  /**
   * Ask about photos.
   * @returns {Promise<Item[] | null>} all of them with their class, or all without one, or null when it was cancelled
   */
  function sort(more) {
    items = guessLabels(more);
    chosen.clear();
    shown = SHOWN;
    draw();
    return new Promise((resolve) => (end = resolve));
  }

  function add(more) {
    items.push(...more);
    draw();
    typed.focus();
  }

  function finish(result) {
    items = [];
    canvases.clear();
    photos.replaceChildren();
    end?.(result);
    end = null;
  }

  const unsorted = () => items.filter(({ label }) => !label);
  /** @returns {Map<string, Item[]>} photos by class */
  function piles() {
    const sorted = new Map();
    for (const item of items) if (item.label) sorted.set(item.label, [...(sorted.get(item.label) ?? []), item]);
    return sorted;
  }

  /** What a class name is given to: the chosen photos, or all that have none. */
  const meant = () => (chosen.size ? unsorted().filter((item) => chosen.has(item)) : unsorted());

  function draw() {
    const left = unsorted();
    const sorted = piles();
    part(".unsorted").hidden = !left.length;
    part(".question").textContent = left.length ? "What do these show?" : "Ready";
    part(".advice").textContent = advise(left.length, sorted.size);
    part(".what button").textContent = `Name ${count(meant().length)}`;
    photos.replaceChildren(...left.slice(0, shown).map(makePhoto));
    part(".more").hidden = left.length <= shown;
    part(".more").textContent = `Show more of ${count(left.length)}`;
    part(".known").replaceChildren(...knownClasses(sorted).map(makeChip));
    part(".piles").replaceChildren(...Array.from(sorted, ([label, pile]) => makePile(label, pile)));
    part(".done").textContent = words.done;
    part(".done").disabled = left.length > 0 || !sorted.size;
    part(".without").textContent = words.without;
    part(".without").hidden = !words.without || sorted.size > 0;
  }

  function advise(left, classes) {
    if (left) return "Name all of them at once, or tap those that show one thing and name these first.";
    if (classes + words.classes.length < 2) return "There must be something to tell it from: add photos of another thing.";
    return "Add photos of more things, or go on.";
  }

  const knownClasses = (sorted) => [...new Set([...words.classes, ...sorted.keys()])].slice(0, 24);

  function label(name) {
    const wanted = name.trim();
    if (!wanted || !meant().length) return;
    for (const item of meant()) item.label = wanted;
    chosen.clear();
    typed.value = "";
    draw();
  }

  function makePhoto(item) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "photo";
    button.setAttribute("aria-pressed", chosen.has(item));
    button.setAttribute("aria-label", item.file.name);
    button.title = item.file.name;
    button.append(thumbnailOf(item));
    button.onclick = () => {
      if (!chosen.delete(item)) chosen.add(item);
      button.setAttribute("aria-pressed", chosen.has(item));
      part(".what button").textContent = `Name ${count(meant().length)}`;
    };
    return button;
  }

  function makeChip(name) {
    const chip = document.createElement("button");
    chip.type = "button";
    chip.className = "button chip";
    chip.textContent = name; // text, never HTML
    chip.onclick = () => label(name);
    return chip;
  }

  function makePile(name, pile) {
    const row = document.createElement("li");
    const caption = document.createElement("span");
    const title = caption.appendChild(document.createElement("strong"));
    title.textContent = name;
    caption.append(`: ${count(pile.length)}`);
    const back = document.createElement("button");
    back.type = "button";
    back.className = "button chip";
    back.textContent = "Change";
    back.setAttribute("aria-label", `Change ${name}`);
    back.onclick = () => {
      for (const item of pile) delete item.label;
      draw();
    };
    const pictures = document.createElement("span");
    pictures.className = "pictures";
    pictures.append(...pile.slice(0, 3).map(thumbnailOf));
    row.append(pictures, caption, back);
    return row;
  }

  function thumbnailOf(item) {
    if (!canvases.has(item)) canvases.set(item, drawThumbnail(item.file));
    return canvases.get(item);
  }

  part(".what").onsubmit = (event) => {
    event.preventDefault();
    label(typed.value);
  };
  part(".more").onclick = () => {
    shown *= 2;
    draw();
  };
  part(".done").onclick = () => finish(items);
  part(".without").onclick = () => finish(items.map(({ file, path }) => ({ file, path })));
  part(".cancel").onclick = () => finish(null);
  return { sort, add };
}

let drawing = Promise.resolve(); // one picture after the other: each is decoded in full size

/** A small picture of a file; its name where the browser cannot show it. */
function drawThumbnail(file) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = THUMBNAIL;
  drawing = drawing.then(() => paint(canvas, file)).catch(() => writeName(canvas, file.name));
  return canvas;
}

async function paint(canvas, file) {
  const bitmap = await createImageBitmap(file);
  const side = Math.min(bitmap.width, bitmap.height);
  const left = (bitmap.width - side) / 2;
  const top = (bitmap.height - side) / 2;
  canvas.getContext("2d").drawImage(bitmap, left, top, side, side, 0, 0, THUMBNAIL, THUMBNAIL);
  bitmap.close();
}

function writeName(canvas, name) {
  const context = canvas.getContext("2d");
  context.fillStyle = getComputedStyle(canvas).color;
  context.font = "18px sans-serif";
  context.fillText(name.slice(0, 16), 8, THUMBNAIL / 2);
}

/** Photos whose names begin with words of their own, such as cat.12.jpg and dog.3.jpg, are sorted by these. */
function guessLabels(items) {
  const stems = items.map(({ file }) => file.name.replace(/\.[^.]*$/, "").replace(/[\s._\-()]*\d[\d\s._\-()]*$/, ""));
  const sizes = new Map();
  for (const stem of stems) sizes.set(stem, (sizes.get(stem) ?? 0) + 1);
  const isSaid = sizes.size > 1 && Array.from(sizes).every(([stem, size]) => size > 1 && isWord(stem));
  return items.map((item, i) => (isSaid ? { ...item, label: stems[i].replace(/[._\-]+/g, " ").trim() } : { ...item }));
}

const isWord = (stem) => /^\p{L}[\p{L}\s._-]*$/u.test(stem) && !CAMERA_NAMES.test(stem);

const count = (number) => (number === 1 ? "this photo" : `${number.toLocaleString("en")} photos`);
