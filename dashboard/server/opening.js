// In the head of every page: `opening` stands on the document until the page is drawn (style.css hides it by that).
{
  const STILL_MS = 200, STILL_FRAMES = 12; // components draw themselves after the script has ended
  const LONGEST_MS = 8000; // then whatever is there is shown: a server that does not answer says so itself
  const page = document.documentElement, { fetch } = window;
  let opened = performance.now(), height = 0, still = opened, frames = 0, asking = 0;

  const isComplete = () =>
    !asking &&
    document.querySelector("[data-test-script-state=notRunning] .st-key-topbar") &&
    !document.querySelector(".stMain [data-testid=stSkeleton]");

  function look(now) {
    const current = document.querySelector(".stMainBlockContainer")?.offsetHeight ?? 0;
    frames += 1;
    if (current !== height || !isComplete()) [height, still, frames] = [current, now, 0];
    const isStill = now - still > STILL_MS && frames > STILL_FRAMES;
    const isWaking = document.querySelector(".st-key-opens_slowly"); // says how long it takes: is shown meanwhile
    page.classList.toggle("opening", !isWaking);
    if (isWaking) opened = now;
    if (isStill || now - opened > LONGEST_MS) show();
    else requestAnimationFrame(look);
  }

  function show() {
    window.fetch = fetch;
    page.classList.remove("opening");
  }

  window.fetch = (...request) => { // what components ask for belongs to the page
    asking += 1;
    return fetch(...request).finally(() => { asking -= 1; });
  };
  page.classList.add("opening");
  requestAnimationFrame(look);
}
