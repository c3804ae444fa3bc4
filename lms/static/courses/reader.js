// Keeps the place while somebody reads, and moves the bar. Without this script the page has a small form for the place.
(() => {
  "use strict";
  const form = document.getElementById("keep-place");
  const reading = document.getElementById("reading");
  if (!reading) return;
  const headings = [...reading.querySelectorAll("h2[id^='section-']")];
  const bar = document.querySelector(".readbar progress");
  const left = document.getElementById("minutes-left");
  const links = [...document.querySelectorAll(".toc a[href^='#']")];
  const PAUSE = 4000;     // milliseconds between two messages to the server
  const STAY = 15000;     // so long somebody reads further up before the place moves back

  let here = "";          // the section that is being read
  let since = 0;          // and since when
  let kept = form ? form.dataset.place : "";      // the place that the server has
  let last = 0;
  let timer = 0;

  const line = () => window.innerHeight * 0.4;

  function current() {
    let found = "";
    for (const heading of headings) if (heading.getBoundingClientRect().top < line()) found = heading.id;
    return found;
  }

  const order = (id) => headings.findIndex((heading) => heading.id === id);

  function send(place) {
    const before = kept;
    kept = place;
    last = Date.now();
    const body = new FormData();
    body.set("csrfmiddlewaretoken", form.elements.namedItem("csrfmiddlewaretoken").value);
    body.set("place", place);
    fetch(form.action, { method: "POST", body, credentials: "same-origin", redirect: "manual", keepalive: true,
      headers: { Accept: "application/json", "X-Requested-With": "XMLHttpRequest" } })
      .then((answer) => { if (answer.status !== 204) throw new Error("not kept"); say(true); })
      .catch(() => { kept = before; say(false); });
  }

  function say(isKept) {
    document.querySelectorAll("[data-keep-note]").forEach((note) => { note.hidden = !isKept; });
    document.querySelectorAll("[data-keep-lost]").forEach((note) => { note.hidden = isKept; });
  }

  function keep(now) {
    clearTimeout(timer);
    if (!form || !here || here === kept) return;
    const back = order(here) < order(kept);
    const wait = Math.max(last + PAUSE, back ? since + STAY : 0) - Date.now();
    if (wait <= 0 || (now && !back)) send(here);
    else timer = setTimeout(keep, wait, false);
  }

  function moved() {
    const found = current();
    if (found !== here) since = Date.now();
    here = found;
    for (const link of links) {
      if (here && link.hash === `#${here}`) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
    if (left && here) {
      left.textContent = Math.max(1, Math.round(left.dataset.minutes * (headings.length - order(here)) / headings.length));
    }
    keep();
  }

  function measure() {
    if (!bar) return;
    const box = reading.getBoundingClientRect();
    const way = box.height - window.innerHeight;
    bar.value = way <= 0 ? 100 : Math.min(100, Math.max(0, Math.round(-box.top / way * 100)));
  }

  let drawn = true;
  window.addEventListener("scroll", () => {
    if (!drawn) return;
    drawn = false;
    requestAnimationFrame(() => { drawn = true; measure(); });
  }, { passive: true });

  if (window.IntersectionObserver) {
    const watch = new IntersectionObserver(moved, { rootMargin: "0px 0px -60% 0px" });
    headings.forEach((heading) => watch.observe(heading));
  }
  if (form) {
    form.hidden = true;
    document.querySelectorAll("[data-keep-link]").forEach((link) => { link.hidden = true; });
    say(true);
    if ("new" in form.dataset) send("");      // the unit was opened
    window.addEventListener("pagehide", () => keep(true));
    document.addEventListener("visibilitychange", () => { if (document.visibilityState === "hidden") keep(true); });
  }

  // a link to a word or a source leads to the end of the page; "Back to the text" leads to the link again
  let from = null;
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a");
    if (!link) return;
    if (link.matches("a.term, a.source")) { from = link; return; }
    if (link.closest(".contents")) link.closest("details").open = false;
    if (!("back" in link.dataset) || !from) return;
    event.preventDefault();
    from.scrollIntoView({ block: "center" });
    from.focus({ preventScroll: true });
    from = null;
  });
})();
