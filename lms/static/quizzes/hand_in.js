// The page before hand-in: an answer that this tab still keeps is sent first, and handing in without it asks for a second press.
import { others } from "./others.js";
import { releaseAll } from "./kept.js";
import { useSprite } from "./words.js";

const form = document.getElementById("hand-in");
useSprite(form.dataset.icons);
const token = form.elements.namedItem("csrfmiddlewaretoken");
// What was stored meanwhile changes this page, its receipts and its heading.
const kept = others(form, token, { acknowledged: () => { if (!kept.left()) location.reload(); } });

let warned = false;
form.addEventListener("submit", async (event) => {
  if (!kept.left()) return;
  if (warned && navigator.onLine) return releaseAll(form.dataset.attempt);
  event.preventDefault();
  event.stopImmediatePropagation();
  await kept.start();
  if (!kept.left() || warned) return;
  warned = true;
  const place = document.getElementById("kept");
  const note = document.createElement("p");
  note.textContent = "Handing in now leaves this answer out. Open the question first, or press the button again to hand in without it.";
  place.append(note);
}, true);
kept.start();
