// Keeps the time of a quiz fresh on the page. The server decides; this only shows what it said, counted on by a clock that nobody can
// set. It asks the server again after a sleep and once a minute, since more time may have been given.
(() => {
  "use strict";
  const clock = document.getElementById("clock");
  if (!clock || !window.fetch) return;
  const left = document.getElementById("clock-left");
  const until = document.getElementById("clock-until");
  const said = document.getElementById("clock-said");
  const MINUTE = 60000;
  const ASK_EVERY = MINUTE;
  let base = performance.now();          // when the server's figures below were true
  let toDeadline = Number(clock.dataset.left);
  let toClose = Number(clock.dataset.closes);
  let finished = false;                  // the time was seen to be over, and what follows was set going
  let asking = false;

  const passed = () => performance.now() - base;
  const words = (milliseconds) => {
    if (milliseconds <= 0) return "the time is over";
    if (milliseconds < MINUTE) return "less than a minute left";
    const minutes = Math.ceil(milliseconds / MINUTE);
    const hours = Math.floor(minutes / 60);
    const rest = minutes % 60;
    const some = (number, unit) => `${number} ${unit}${number === 1 ? "" : "s"}`;
    if (!hours) return `${some(rest, "minute")} left`;
    if (!rest) return hours === 1 ? "one hour left" : `${hours} hours left`;
    return `${some(hours, "hour")} ${some(rest, "minute")} left`;
  };
  const toResult = () => window.location.assign(clock.dataset.result);

  const MARKS = [5 * MINUTE, MINUTE];
  const told = new Set(MARKS.filter((mark) => toDeadline <= mark));
  const quiz = document.getElementById("quiz");
  const handIn = document.getElementById("hand-in");

  // The last answer is stored as by the button "Check and hand in"; the page after it hands in what is stored.
  const finish = () => {
    said.textContent = "The time is over. Your stored answers are handed in.";
    if (handIn) handIn.requestSubmit();
    else if (quiz) {
      const check = document.createElement("button");
      check.type = "submit";
      check.name = "go";
      check.value = "check";
      check.hidden = true;
      quiz.append(check);
      check.click();
    }
  };

  const show = () => {
    const now = toDeadline - passed();
    const text = words(now);
    if (left.textContent !== text) left.textContent = text;
    for (const mark of MARKS) {
      if (now > mark) told.delete(mark);
      else if (!told.has(mark)) {
        told.add(mark);
        if (now > 0) said.textContent = `${words(mark)}. Stored answers stay stored.`;
      }
    }
    if (now > 0) finished = false;
    else if (!finished) {
      finished = true;
      finish();
    }
    if (toClose - passed() <= -1000) toResult();
  };

  const ask = async () => {
    if (asking) return;
    asking = true;
    try {
      const answer = await fetch(clock.dataset.ask, { headers: { Accept: "application/json" }, cache: "no-store" });
      if (answer.status === 410) {
        said.textContent = "The time is over. Your stored answers are handed in.";
        left.textContent = words(0);
        toResult();
      } else if (answer.ok) {
        const data = await answer.json();
        if (typeof data.left === "number") {
          base = performance.now();
          toDeadline = data.left;
          toClose = data.closes;
          until.textContent = `Time until ${data.until}`;
        }
      }
    } catch {
      // No network: the page counts on by itself, and the server decides anyway.
    } finally {
      asking = false;
      show();
    }
  };

  // A question page that comes back after the deadline (its answer could not be stored as it was) sends nothing by itself again.
  finished = toDeadline <= 0 && !handIn;
  show();
  window.setInterval(show, 1000);
  window.setInterval(ask, ASK_EVERY);
  window.addEventListener("pageshow", (event) => { if (event.persisted) ask(); });
  document.addEventListener("visibilitychange", () => { if (!document.hidden) ask(); });
})();
