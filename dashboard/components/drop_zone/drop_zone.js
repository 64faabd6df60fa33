/**
 * Where photos are dropped. Files are sent one by one, four at once, each streamed from disk by the browser; nothing
 * is held in the page.
 *
 * In (`data`, from drop_zone/__init__.py):
 * @typedef {object} Data
 * @property {string} url where files go: PUT {url}/{folder}/{number}?name={path}
 * @property {string} title
 * @property {string} formats what may be dropped, in words
 * @property {boolean} compact
 * @property {string} sorter address of the module that asks what loose photos show
 * @property {boolean} unlabelled whether photos are taken without labels: nothing is asked
 * @property {string} label the class that all of them go to, or ""
 * @property {string} task the label column that classes belong to, or "" for the only one
 * @property {string[]} classes that there are already
 * @property {string} done words of the button that ends the sorting
 * @property {string} without words of the button that keeps them without labels, or "" where they need some
 *
 * Out: the trigger "received" with {folder, files, name, unlabelled} once all files of a drop have arrived: the
 * folder's name in the inbox, how many files, what the dataset may be called, and whether they are to have no labels.
 *
 * Files that somebody gave a class to are sent with it: &label={class}&task={label column}.
 *
 * @typedef {{file: File, path: string, label?: string}} Item
 */

const PARALLEL_UPLOADS = 4;
const RETRY_MILLISECONDS = 400;
const JUNK = /(^|\/)(\.|__MACOSX\/|Thumbs\.db$|desktop\.ini$)/; // what systems leave in folders: never photos
const PICTURE = /\.(jpe?g|jpe|jfif|png|gif|bmp|webp|tiff?|avif|hei[cf]|jp2)$/i;
const SAYS_CLASSES = /\.(zip|csv|tsv|txt|json|rar|7z|tar|gz|tgz|bz2|xz)$/i; // sent as it is: archives and tables

/** By parentElement, its zone: the function below runs at every rerun. */
const zones = new WeakMap();

/** @param {{data: Data, parentElement: HTMLElement, setTriggerValue: Function}} component */
export default function ({ data, parentElement, setTriggerValue }) {
  if (!zones.has(parentElement)) zones.set(parentElement, makeZone(parentElement.querySelector(".drop")));
  const zone = zones.get(parentElement);
  zone.data = data;
  zone.url = data.url;
  zone.onReceived = (upload) => setTriggerValue("received", upload);
  zone.title.textContent = data.title;
  zone.formats.textContent = data.formats;
  zone.element.classList.toggle("compact", data.compact);
}

function makeZone(element) {
  const part = (selector) => element.querySelector(selector);
  const ask = part(".ask");
  const sending = part(".sending");
  const problem = part(".problem");
  const zone = { element, title: ask.querySelector("b"), formats: ask.querySelector(".formats"), url: "", onReceived: null };
  const sorting = part(".sorting");
  let controller = null; // aborts what is on its way
  let sorter = null; // asks what loose photos show; loaded when there are some
  let isUnlabelled = false; // whether what is on its way is to have no labels

  function showProblem(sentence) {
    problem.textContent = sentence;
    problem.hidden = !sentence;
  }

  /** @param {Item[]} items */
  async function send(items) {
    const files = items.filter(({ path }) => !JUNK.test(path));
    if (!files.length) return showProblem("There is no file in it.");
    showProblem("");
    ask.hidden = true;
    window.addEventListener("beforeunload", confirmLeaving);
    isUnlabelled = zone.data.unlabelled;
    const labeled = await label(files);
    const folder = randomName();
    const address = ({ path, label: name }, number) => `${zone.url}/${folder}/${number}?${query(path, name)}`;
    controller = new AbortController();
    sending.hidden = !labeled;
    const failure = labeled && (await sendAll(labeled, address, controller.signal, showProgress));
    window.removeEventListener("beforeunload", confirmLeaving);
    sending.hidden = true;
    ask.hidden = false;
    if (!labeled) return;
    if (controller.signal.aborted) showProblem("Cancelled. Nothing was kept.");
    else if (failure) showProblem(`${failure.path}: ${failure.reason}. Try again; nothing else is lost.`);
    else zone.onReceived({ folder, files: labeled.length, name: nameOf(labeled), unlabelled: isUnlabelled });
  }

  /** The files with their class, where a person says it; as they are, where folders or a table do. Null: cancelled. */
  async function label(files) {
    if (isUnlabelled) return files;
    if (files.some(({ path }) => SAYS_CLASSES.test(path))) return files;
    if (zone.data.label) return files.map((item) => ({ ...item, label: zone.data.label }));
    const pictures = files.filter(({ path }) => PICTURE.test(path));
    if (!pictures.length || files.some(({ path }) => path.includes("/"))) return files;
    const { makeSorter } = await import(new URL(zone.data.sorter, document.baseURI).href);
    sorter = makeSorter(sorting, zone.data);
    sorting.hidden = false;
    const sorted = await sorter.sort(pictures);
    sorting.hidden = true;
    sorter = null;
    isUnlabelled = Boolean(sorted?.some((item) => !item.label));
    return sorted && [...sorted, ...files.filter((item) => !pictures.includes(item))]; // the others are listed as left out
  }

  const query = (path, name) => {
    const values = name ? { name: path, label: name, task: zone.data.task } : { name: path };
    return new URLSearchParams(values).toString();
  };

  /** More photos while one is asked about some join these. */
  function take(items) {
    if (sorter) sorter.add(items.filter(({ path }) => !JUNK.test(path) && PICTURE.test(path)));
    else send(items).catch(() => showProblem("The photos could not be sorted. Try again."));
  }

  function showProgress({ files, arrived, bytes, sent }) {
    const count = `${arrived.toLocaleString("en")} of ${files.toLocaleString("en")} files`;
    part("progress").value = sent / bytes;
    part("output").textContent = `${count}, ${formatBytes(sent)} of ${formatBytes(bytes)}`;
  }

  part(".stop").onclick = () => controller?.abort();
  for (const input of element.querySelectorAll("input[type=file]")) {
    input.onchange = () => {
      const items = Array.from(input.files, (file) => ({ file, path: file.webkitRelativePath || file.name }));
      input.value = ""; // so that the same choice can be made again
      take(items);
    };
  }
  element.ondragover = (event) => {
    event.preventDefault();
    if (sending.hidden) element.classList.add("over");
  };
  element.ondragleave = (event) => {
    if (!element.contains(event.relatedTarget)) element.classList.remove("over");
  };
  element.ondrop = async (event) => {
    event.preventDefault();
    element.classList.remove("over");
    if (!sending.hidden) return;
    // The entries must be taken before the first await: afterwards the browser has emptied the list.
    const entries = Array.from(event.dataTransfer.items, (item) => item.webkitGetAsEntry?.()).filter(Boolean);
    const loose = Array.from(event.dataTransfer.files, (file) => ({ file, path: file.name }));
    try {
      take(entries.length ? (await Promise.all(entries.map(listFiles))).flat() : loose);
    } catch {
      showProblem("The folder could not be read. Choose it with the button instead.");
    }
  };
  return zone;
}

/** The browser asks "leave the page?" while something is on its way. */
function confirmLeaving(event) {
  event.preventDefault();
}

/** 32 hexadecimal digits: a folder of the inbox that nobody else writes to. */
function randomName() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * Send all files, the first failure ends it.
 * @param {Item[]} items
 * @param {(item: Item, number: number) => string} addressOf where one is sent
 * @param {AbortSignal} signal
 * @param {(progress: {files: number, arrived: number, bytes: number, sent: number}) => void} onProgress
 * @returns {Promise<{path: string, reason: string} | null>} what went wrong
 */
async function sendAll(items, addressOf, signal, onProgress) {
  const bytes = items.reduce((sum, { file }) => sum + file.size, 0) || 1;
  const progress = { files: items.length, arrived: 0, bytes, sent: 0 };
  let next = 0;
  let failure = null;

  async function worker() {
    while (next < items.length && !failure) {
      const number = next++;
      const { file, path } = items[number];
      const reason = await sendFile(addressOf(items[number], number), file, signal, (more) => {
        progress.sent += more;
        onProgress(progress);
      });
      if (reason) failure ??= { path, reason };
      else progress.arrived++;
      onProgress(progress);
    }
  }

  onProgress(progress);
  await Promise.all(Array.from({ length: PARALLEL_UPLOADS }, worker));
  return failure;
}

/**
 * Send one file, a second time when the connection is lost or the server stumbles.
 * @param {(bytes: number) => void} onSent gets how many bytes more are sent, negative when they have to be sent again
 * @returns {Promise<string | null>} why it failed
 */
async function sendFile(address, file, signal, onSent) {
  for (const isLastTry of [false, true]) {
    let counted = 0;
    const count = (bytes) => {
      onSent(bytes - counted);
      counted = bytes;
    };
    try {
      const { status, text } = await put(address, file, signal, count);
      if (status < 300) {
        count(file.size);
        return null;
      }
      if (status < 500 || status === 507 || isLastTry) return JSON.parse(text).error ?? "it was refused";
    } catch {
      if (signal.aborted) return "cancelled";
      if (isLastTry) return "the connection was lost";
    }
    count(0);
    await new Promise((resolve) => setTimeout(resolve, RETRY_MILLISECONDS));
  }
  return null;
}

/** One PUT. fetch() reports no progress of an upload; a zip of some gigabytes needs it. */
function put(address, file, signal, onSent) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const abort = () => request.abort();
    signal.addEventListener("abort", abort);
    request.upload.onprogress = (event) => onSent(Math.min(event.loaded, file.size));
    request.onload = () => resolve({ status: request.status, text: request.responseText });
    request.onerror = request.onabort = request.ontimeout = reject;
    request.onloadend = () => signal.removeEventListener("abort", abort);
    request.open("PUT", address);
    request.send(file);
  });
}

/**
 * All files below a dropped file or folder, with their paths.
 * @param {FileSystemEntry} entry
 * @returns {Promise<Item[]>}
 */
async function listFiles(entry) {
  if (entry.isFile) {
    const file = await new Promise((resolve, reject) => entry.file(resolve, reject));
    return [{ file, path: entry.fullPath.replace(/^\//, "") }];
  }
  const reader = entry.createReader();
  const found = [];
  for (;;) { // a folder is listed in parts of 100
    const entries = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!entries.length) return found;
    for (const below of entries) found.push(...(await listFiles(below)));
  }
}

function formatBytes(bytes) {
  if (bytes < 1e6) return `${Math.ceil(bytes / 1e3)} kB`;
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(0)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}

/** What the dataset may be called: the folder that holds all, the one file, or the classes that were named. */
function nameOf(items) {
  const labels = [...new Set(items.map((item) => item.label).filter(Boolean))];
  if (labels.length) return labels.slice(0, 3).join(", ");
  const tops = new Set(items.map(({ path }) => path.split("/")[0]));
  return tops.size > 1 ? "" : [...tops][0].replace(/\.(zip|csv|tsv)$/i, "");
}
