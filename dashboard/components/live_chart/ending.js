// What tells of a run to who looks elsewhere: the window's title, and a notification where it was asked for.
const ASKED = "graft:notify";
const ENDINGS = {
  finished: "finished", stopped: "stopped", failed: "could not go on", interrupted: "was interrupted",
};

// The page's own title comes back whenever Streamlit draws the page again, after the last answer, too: tell() then puts
// the run's in its place. Returns what ends that.
export function keepTitle(tell) {
  const observer = new MutationObserver(tell);
  observer.observe(document.head, { childList: true, subtree: true, characterData: true });
  return () => observer.disconnect();
}

export function showTitle(answer, name) {
  const { state, steps, steps_total: total } = answer;
  const share = total ? Math.min(99, Math.floor((100 * steps) / total)) : 0;
  const before = { running: `${share} %`, paused: "Paused", queued: "Waiting" }[state] ?? (ENDINGS[state] && (state === "finished" ? "✓ Done" : "Ended"));
  const title = `${before ? `${before} · ` : ""}${name} · Graft`;
  if (document.title !== title) document.title = title;
}

// The button that asks for it. Browsers tell only where the address is this computer's or encrypted.
export function offerNotification(button, isOver) {
  const possible = "Notification" in window && window.isSecureContext && Notification.permission !== "denied";
  button.hidden = !possible || isOver;
  button.setAttribute("aria-pressed", isAsked());
  button.onclick = async () => {
    const wants = !isAsked() && (await Notification.requestPermission()) === "granted";
    wants ? sessionStorage.setItem(ASKED, "yes") : sessionStorage.removeItem(ASKED);
    button.setAttribute("aria-pressed", isAsked());
  };
}

export function notifyOfEnding(state, name) {
  if (isAsked() && ENDINGS[state]) new Notification(`${name} ${ENDINGS[state]}`, { tag: `graft:${name}` });
}

function isAsked() {
  try {
    return sessionStorage.getItem(ASKED) === "yes" && Notification.permission === "granted";
  } catch {
    return false;
  }
}
