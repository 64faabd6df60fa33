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
 *
 * Out: the trigger "received" with {folder, files, name} once all files of a drop have arrived: the folder's name in
 * the inbox, how many files, what the dataset may be called.
 *
 * @typedef {{file: File, path: string}} Item
 */

const PARALLEL_UPLOADS = 4;
const RETRY_MILLISECONDS = 400;
const JUNK = /(^|\/)(\.|__MACOSX\/|Thumbs\.db$|desktop\.ini$)/; // what systems leave in folders: never photos

/** By parentElement, its zone: the function below runs at every rerun. */
const zones = new WeakMap();

/** @param {{data: Data, parentElement: HTMLElement, setTriggerValue: Function}} component */
export default function ({ data, parentElement, setTriggerValue }) {
  if (!zones.has(parentElement)) zones.set(parentElement, makeZone(parentElement.querySelector(".drop")));
  const zone = zones.get(parentElement);
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
  let controller = null; // aborts what is on its way

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
    sending.hidden = false;
    controller = new AbortController();
    window.addEventListener("beforeunload", confirmLeaving);
    const folder = randomName();
    const failure = await sendAll(files, `${zone.url}/${folder}`, controller.signal, showProgress);
    window.removeEventListener("beforeunload", confirmLeaving);
    sending.hidden = true;
    ask.hidden = false;
    if (controller.signal.aborted) showProblem("Cancelled. Nothing was kept.");
    else if (failure) showProblem(`${failure.path}: ${failure.reason}. Try again; nothing else is lost.`);
    else zone.onReceived({ folder, files: files.length, name: nameOf(files) });
  }

  function showProgress({ files, arrived, bytes, sent }) {
    const count = `${arrived.toLocaleString("en")} of ${files.toLocaleString("en")} files`;
    part("progress").value = sent / bytes;
    part("output").textContent = `${count}, ${formatBytes(sent)} of ${formatBytes(bytes)}`;
  }

  sending.querySelector("button").onclick = () => controller?.abort();
  for (const input of element.querySelectorAll("input")) {
    input.onchange = () => {
      const items = Array.from(input.files, (file) => ({ file, path: file.webkitRelativePath || file.name }));
      input.value = ""; // so that the same choice can be made again
      send(items);
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
      await send(entries.length ? (await Promise.all(entries.map(listFiles))).flat() : loose);
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
 * @param {string} address of the folder
 * @param {AbortSignal} signal
 * @param {(progress: {files: number, arrived: number, bytes: number, sent: number}) => void} onProgress
 * @returns {Promise<{path: string, reason: string} | null>} what went wrong
 */
async function sendAll(items, address, signal, onProgress) {
  const bytes = items.reduce((sum, { file }) => sum + file.size, 0) || 1;
  const progress = { files: items.length, arrived: 0, bytes, sent: 0 };
  let next = 0;
  let failure = null;

  async function worker() {
    while (next < items.length && !failure) {
      const number = next++;
      const { file, path } = items[number];
      const target = `${address}/${number}?name=${encodeURIComponent(path)}`;
      const reason = await sendFile(target, file, signal, (more) => {
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

/** What the dataset may be called: the folder that holds all, or the one file. */
function nameOf(items) {
  const tops = new Set(items.map(({ path }) => path.split("/")[0]));
  return tops.size > 1 ? "" : [...tops][0].replace(/\.(zip|csv|tsv)$/i, "");
}
