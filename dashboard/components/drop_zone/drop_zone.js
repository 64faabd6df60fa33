// Sends files one by one, four at once, each streamed from disk by the browser; nothing is held in the page.
const AT_ONCE = 4;
const JUNK = /(^|\/)(\.|__MACOSX\/|Thumbs\.db$|desktop\.ini$)/;   // what systems leave in folders: never photos
const zones = new WeakMap();                                        // parentElement -> its zone, kept across reruns

export default function ({ data, parentElement, setTriggerValue }) {
  let zone = zones.get(parentElement);
  if (!zone) zones.set(parentElement, (zone = makeZone(parentElement.querySelector(".drop"))));
  zone.url = data.url;
  zone.received = (upload) => setTriggerValue("received", upload);
  zone.title.textContent = data.title;
  zone.element.classList.toggle("compact", data.compact);
}

function makeZone(element) {
  const part = (selector) => element.querySelector(selector);
  const ask = part(".ask"), sending = part(".sending"), problem = part(".problem");
  const zone = { element, title: ask.querySelector("b") };
  let stopping = null;                                              // aborts what is on its way

  function say(sentence) {
    problem.textContent = sentence;
    problem.hidden = !sentence;
  }

  async function send(files) {                                      // [{file, path}]
    files = files.filter(({ path }) => !JUNK.test(path));
    if (!files.length) return say("There is no file in it.");
    say("");
    ask.hidden = true;
    sending.hidden = false;
    stopping = new AbortController();
    window.addEventListener("beforeunload", stay);
    const folder = Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, "0")).join("");
    const total = files.reduce((sum, { file }) => sum + file.size, 0) || 1;
    let next = 0, sent = 0, arrived = 0, failure = null;

    function show() {
      part("progress").value = sent / total;
      part("output").textContent = `${arrived.toLocaleString("en")} of ${files.length.toLocaleString("en")} files, ${size(sent)} of ${size(total)}`;
    }
    async function worker() {
      while (next < files.length && !failure) {
        const number = next++, { file, path } = files[number];
        const told = await put(`${zone.url}/${folder}/${number}?name=${encodeURIComponent(path)}`, file, stopping.signal, (bytes) => { sent += bytes; show(); });
        if (told) failure ??= { path, told };
        else arrived++;
        show();
      }
    }
    show();
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    window.removeEventListener("beforeunload", stay);
    sending.hidden = true;
    ask.hidden = false;
    if (stopping.signal.aborted) say("Cancelled. Nothing was kept.");
    else if (failure) say(`${failure.path}: ${failure.told}. Try again; nothing else is lost.`);
    else zone.received({ folder, files: files.length, name: nameOf(files) });
  }

  sending.querySelector("button").onclick = () => stopping?.abort();
  for (const input of element.querySelectorAll("input")) input.onchange = () => {
    const files = Array.from(input.files, (file) => ({ file, path: file.webkitRelativePath || file.name }));
    input.value = "";                                               // so that the same choice can be made again
    send(files);
  };
  const busy = () => !sending.hidden;
  element.ondragover = (event) => { event.preventDefault(); if (!busy()) element.classList.add("over"); };
  element.ondragleave = (event) => { if (!element.contains(event.relatedTarget)) element.classList.remove("over"); };
  element.ondrop = async (event) => {
    event.preventDefault();
    element.classList.remove("over");
    if (busy()) return;
    // The entries must be taken before the first await: afterwards the browser has emptied the list.
    const entries = Array.from(event.dataTransfer.items, (item) => item.webkitGetAsEntry?.()).filter(Boolean);
    const loose = Array.from(event.dataTransfer.files, (file) => ({ file, path: file.name }));
    try { await send(entries.length ? (await Promise.all(entries.map(walk))).flat() : loose); }
    catch { say("The folder could not be read. Choose it with the button instead."); }
  };
  return zone;
}

const stay = (event) => event.preventDefault();                     // "leave the page?" while something is on its way

// All files below a dropped file or folder, with their paths.
async function walk(entry) {
  if (entry.isFile) return [{ file: await new Promise((yes, no) => entry.file(yes, no)), path: entry.fullPath.replace(/^\//, "") }];
  const reader = entry.createReader(), found = [];
  for (;;) {                                                        // a folder is told in parts of 100
    const entries = await new Promise((yes, no) => reader.readEntries(yes, no));
    if (!entries.length) break;
    for (const below of entries) found.push(...(await walk(below)));
  }
  return found;
}

// Sends one file; tried twice when the connection is lost. Gives what went wrong, or nothing.
async function put(address, file, signal, progressed) {
  for (const last of [false, true]) {
    let counted = 0;
    try {
      const { status, text } = await request(address, file, signal, (bytes) => { progressed(bytes - counted); counted = bytes; });
      if (status < 300) { progressed(file.size - counted); return null; }
      if (status < 500 || status === 507 || last) return JSON.parse(text).error ?? "it was refused";
    } catch {
      if (signal.aborted) return "cancelled";
      if (last) return "the connection was lost";
    }
    progressed(-counted);
    await new Promise((go) => setTimeout(go, 400));
  }
}

// fetch() tells nothing of an upload's progress; a zip of some gigabytes needs it.
function request(address, file, signal, progressed) {
  return new Promise((yes, no) => {
    const sender = new XMLHttpRequest();
    const abort = () => sender.abort();
    signal.addEventListener("abort", abort);
    sender.upload.onprogress = (event) => progressed(Math.min(event.loaded, file.size));
    sender.onload = () => yes({ status: sender.status, text: sender.responseText });
    sender.onerror = sender.onabort = sender.ontimeout = no;
    sender.onloadend = () => signal.removeEventListener("abort", abort);
    sender.open("PUT", address);
    sender.send(file);
  });
}

const size = (bytes) => (bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : bytes < 1e9 ? `${(bytes / 1e6).toFixed(0)} MB` : `${(bytes / 1e9).toFixed(1)} GB`);

// What the dataset may be called: the folder that holds all, or the one file.
function nameOf(files) {
  const tops = new Set(files.map(({ path }) => path.split("/")[0]));
  if (tops.size > 1) return "";
  return [...tops][0].replace(/\.(zip|csv|tsv)$/i, "");
}
