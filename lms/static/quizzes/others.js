// Answers to other questions of the attempt that this tab still keeps: they are sent again by themselves, and what cannot be stored
// without the learner is named with a link to its question.
import { kept, keep, release, releaseAll } from "./kept.js";
import { post } from "./server.js";
import { element, link, waiting } from "./words.js";

const FIRST_PAUSE = 2000, LONGEST_PAUSE = 30000;

export function others(form, token, { except = 0, acknowledged = () => {} } = {}) {
  const place = document.getElementById("kept");
  const attempt = form.dataset.attempt;
  let timer = 0, pause = 0, running = null;

  const left = () => kept(attempt).filter((entry) => entry.position !== except);

  function say(reasons) {
    place.replaceChildren(...left().map((entry) => element("p", "row-line",
      waiting("cloud-off", `Question ${entry.position}: an answer is kept in this tab and is not stored yet. ${reasons.get(entry.position) || ""}`),
      link(entry.page, `Open question ${entry.position}`))));
  }

  async function send() {
    clearTimeout(timer);
    const reasons = new Map();
    let again = false;
    for (const entry of left()) {
      if (entry.doubtful) {
        const first = await post(entry.url, entry.doubtful, token);
        if (first.status === 200) keep(attempt, entry.position, { ...entry, revision: first.data.revision, doubtful: null });
      }
      const now = kept(attempt).find((one) => one.position === entry.position);
      if (!now) continue;
      const { status, data } = await post(now.url, now, token);
      if (status === 200) { release(attempt, now.position); acknowledged(data, now.position); }
      else if (status === 410 || status === 404) releaseAll(attempt);
      else if (status === 409) reasons.set(now.position, "A newer answer came from another tab or device.");
      else if (status === 422) reasons.set(now.position, data.error || "");
      else { again = true; reasons.set(now.position, "It is sent again by itself."); }
    }
    say(reasons);
    pause = again ? Math.min(pause ? pause * 2 : FIRST_PAUSE, LONGEST_PAUSE) : 0;
    if (again) timer = setTimeout(start, pause);
  }

  function start() {
    if (left().length && !running) running = send().finally(() => { running = null; });
    return running;
  }

  window.addEventListener("online", start);
  return { start, left: () => left().length };
}
