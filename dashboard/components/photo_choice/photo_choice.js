/**
 * Photos as buttons.
 *
 * In (`data`, from photo_choice/__init__.py):
 * @typedef {object} Data
 * @property {string} thumbnails address, to be followed by an image_id
 * @property {string[]} photos image ids
 * @property {string | null} chosen the one that is shown
 * @property {string} then_show selector of what a click fills
 *
 * Out: the trigger "picked" with {id}.
 */

const PATIENCE = 30_000; // milliseconds: the first photo waits for those that the model learned from

/** Of each element, what was clicked and is waited for. */
const waiting = new WeakMap();

/** @param {{data: Data, parentElement: HTMLElement, setTriggerValue: Function}} component */
export default function ({ data, parentElement, setTriggerValue }) {
  const group = parentElement.querySelector(".graft-choice");
  const shown = JSON.stringify(data.photos);
  if (group.dataset.shown !== shown) {
    group.dataset.shown = shown;
    group.replaceChildren(...data.photos.map((id, i) => makeButton(id, i, data)));
  }
  [...group.children].forEach((button, i) => {
    button.setAttribute("aria-pressed", data.photos[i] === data.chosen);
    button.onclick = () => {
      waiting.set(parentElement, data.photos[i]);
      setTriggerValue("picked", { id: data.photos[i] });
    };
  });
  if (data.chosen && waiting.get(parentElement) === data.chosen) {
    waiting.delete(parentElement);
    bringIntoView(data.then_show);
  }
}

function makeButton(id, i, data) {
  const button = document.createElement("button");
  button.type = "button";
  button.setAttribute("aria-label", `Try photo ${i + 1}`);
  const image = button.appendChild(new Image());
  image.alt = "";
  image.src = data.thumbnails + encodeURIComponent(id);
  return button;
}

/** What a click fills comes later in the same answer of the script: wait for it, and scroll to it if out of sight. */
function bringIntoView(selector) {
  const until = performance.now() + PATIENCE;
  const look = () => {
    const element = document.querySelector(selector);
    if (!element) {
      if (performance.now() < until) setTimeout(look, 100);
      return;
    }
    const { top } = element.getBoundingClientRect();
    if (top >= 0 && top < innerHeight * 0.7) return;
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    element.scrollIntoView({ block: "start", behavior: calm ? "auto" : "smooth" });
  };
  setTimeout(look, 100);
}
