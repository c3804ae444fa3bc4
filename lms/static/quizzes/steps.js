// Putting steps in order without leaving the page: a pressed button moves its step, keeps the focus, and the move is said.
// Without script the same buttons store and load the page again.
import { element } from "./words.js";

export function steps(form, changed) {
  const list = form.querySelector("[data-steps]");
  if (!list) return { mark() {}, arrange() {} };
  const voice = element("p", "visually-hidden");
  voice.setAttribute("role", "status");
  list.after(voice);
  const rows = () => [...list.querySelectorAll("[data-step]")];
  const select = (row) => row.querySelector("select");

  // The places as chosen; open ones, and ones chosen twice, are given out in the order served.
  function fill() {
    const served = rows().sort((one, other) => one.dataset.step - other.dataset.step);
    const taken = new Set();
    const open = served.filter((row) => {
      const place = Number(select(row).value);
      if (!place || taken.has(place)) return true;
      taken.add(place);
      return false;
    });
    const free = served.map((_, n) => n + 1).filter((place) => !taken.has(place));
    for (const row of open) select(row).value = free.shift();
  }

  // Once each step has a place of its own: what its buttons can do, and what they are called.
  function mark() {
    const all = rows(), places = all.map((row) => Number(select(row).value));
    if (new Set(places.filter(Boolean)).size < all.length) return false;
    all.forEach((row, n) => {
      const [up, down] = row.querySelectorAll('button[name="move"]');
      up.disabled = places[n] === 1;
      down.disabled = places[n] === all.length;
      for (const button of [up, down]) button.setAttribute("aria-label", `${button.dataset.name}, now place ${places[n]} of ${all.length}`);
    });
    return true;
  }

  // The page follows the places.
  function arrange() {
    if (mark()) list.append(...rows().sort((one, other) => select(one).value - select(other).value));
  }

  list.addEventListener("click", (event) => {
    const button = event.target.closest('button[name="move"]');
    if (!button) return;
    event.preventDefault();
    fill();
    arrange();
    const row = button.closest("[data-step]");
    const all = rows(), up = button.value.endsWith(":up");
    const other = all[all.indexOf(row) + (up ? -1 : 1)];
    if (other) {
      [select(row).value, select(other).value] = [select(other).value, select(row).value];
      arrange();
    }
    const twin = [...row.querySelectorAll('button[name="move"]')].find((one) => one !== button);
    (button.disabled ? twin : button).focus();
    voice.textContent = `${row.querySelector("p").textContent} Now place ${select(row).value} of ${all.length}.`;
    changed();
  });
  return { mark, arrange };
}
