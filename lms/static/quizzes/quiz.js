// Stores each answer when it is given. The page says "stored" only after the server said so.
// Without this script every button of the form stores, so nothing here is needed to take a quiz.
(() => {
  "use strict";
  const form = document.getElementById("quiz");
  if (!form || !window.fetch) return;
  const revision = form.elements.namedItem("revision");
  const token = form.elements.namedItem("csrfmiddlewaretoken");
  const receipt = document.getElementById("receipt");
  const count = document.querySelector("#stored-count span");
  const progress = document.querySelector(".readbar progress");
  const current = form.querySelector(".dots [aria-current]");
  const dialog = document.getElementById("sign-in-again");
  const again = document.getElementById("again");
  const againError = document.getElementById("again-error");
  const sprite = document.querySelector("#stored-count use").getAttribute("href").split("#")[0];

  let dirty = false;      // something was chosen that the server has not acknowledged
  let sending = null;     // the request in flight
  let stopped = false;    // handed in, or overtaken: this page stores nothing more
  let pause = 0;          // milliseconds to the next try after a failure
  let timer = 0;
  let leaving = false;
  let doubtful = null;    // a body that was sent and whose fate is not known: it goes again, as it was, before any other
  let refusals = 0;       // how often in a row the server took the token for wrong although somebody is signed in
  let insisted = false;   // a button was pressed although the last try to store failed
  let waiting = null;     // the button whose way is taken once the answer is stored

  const icon = (name) => {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("class", "icon");
    svg.setAttribute("aria-hidden", "true");
    const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
    use.setAttribute("href", `${sprite}#${name}`);
    svg.append(use);
    return svg;
  };
  const span = (className, ...children) => {
    const node = document.createElement("span");
    node.className = className;
    node.append(...children);
    return node;
  };
  const say = (...nodes) => receipt.replaceChildren(...nodes);
  const notStored = (text) => say(span("stored is-waiting", icon("cloud-off"), `Not stored yet. ${text}`));

  const acknowledge = (data) => {
    revision.value = data.revision;
    pause = 0;
    refusals = 0;
    insisted = false;
    if (count) count.textContent = `${data.stored} of ${data.out_of} stored`;
    if (progress) progress.value = data.stored;
    if (current) {
      const item = current.closest("li");
      item.classList.toggle("is-done", data.answered);
      const state = data.answered ? "stored" : data.given ? "not complete" : "no answer yet";
      current.setAttribute("aria-label", `Question ${current.value}, ${state}`);
      const mark = current.querySelector("svg");
      if (data.answered && !mark) current.append(icon("circle-check"));
      if (!data.answered && mark) mark.remove();
    }
    if (dirty) return;
    if (data.given) say(span("stored", icon("check"), `Stored at ${data.at}`), span("meta num", `Receipt ${data.receipt}`));
    else say(span("meta", "No answer is stored for this question."));
  };

  const stop = (text, url, label) => {
    stopped = true;
    dirty = false;
    const link = document.createElement("a");
    link.href = url;
    link.textContent = label;
    say(span("stored is-waiting", icon("triangle-alert"), text), link);
  };

  const later = (text) => {
    dirty = true;
    pause = Math.min(pause ? pause * 2 : 2000, 30000);
    notStored(text);
    clearTimeout(timer);
    timer = setTimeout(store, pause);
  };

  async function store() {
    clearTimeout(timer);
    if (stopped || leaving || sending || !dirty) return sending;
    dirty = false;
    say(span("meta", "Storing …"));
    sending = send();
    try { await sending; } finally { sending = null; }
    if (dirty && !pause && !(dialog && dialog.open)) return store();
  }

  async function send() {
    const resent = doubtful !== null;
    const body = doubtful || new FormData(form);
    body.set("csrfmiddlewaretoken", token.value);
    let answer;
    try {
      answer = await fetch(form.dataset.store, {
        method: "POST", body, credentials: "same-origin", redirect: "error", keepalive: true,
        headers: { "X-CSRFToken": token.value, "X-Requested-With": "XMLHttpRequest" },
      });
    } catch {
      doubtful = body;  // the answer may have been stored and the acknowledgment lost
      return later("Your answer is kept on this page and is sent when you are back online.");
    }
    let data = {};
    try { data = await answer.json(); } catch { /* an error page */ }
    if (answer.status >= 500) {
      doubtful = body;
      return later("The server did not answer. Your answer is kept on this page and is sent again by itself.");
    }
    if (answer.status === 429) {
      doubtful = body;
      return later("Your answer is kept on this page and is sent again in a moment.");
    }
    if (answer.status === 401 || answer.status === 403) { dirty = true; return signInAgain(); }
    doubtful = null;
    if (answer.ok) {
      if (resent) dirty = true;  // what is on the page now may be newer than what was in doubt
      return acknowledge(data);
    }
    if (answer.status === 409) return stop(data.error, data.url, "Show the stored answer");
    if (answer.status === 410) return stop(data.error, data.url, "Show the result");
    if (answer.status === 422) return say(span("stored is-waiting", icon("triangle-alert"), `Not stored. ${data.error}`));
    if (answer.status === 404) return stop("This quiz is not here for the person who is signed in now.", "/", "My training");
    return say(span("stored is-waiting", icon("triangle-alert"), "Not stored. Please load this page again."));
  }

  async function freshToken() {
    const answer = await fetch(form.dataset.tokenUrl, { credentials: "same-origin", headers: { "X-Requested-With": "XMLHttpRequest" } });
    const data = await answer.json();
    token.value = data.token;
    return data;
  }

  async function signInAgain() {
    notStored("Your answer is kept on this page.");
    try {
      const state = await freshToken();
      if (state.signed_in && refusals < 2) { refusals += 1; pause = 0; return; }
      if (state.signed_in) return later("The server does not take answers from this page just now. It is tried again by itself.");
    } catch { return later("Your answer is kept on this page."); }
    if (dialog && !dialog.open) { dialog.showModal(); again.elements.namedItem("password").focus(); }
  }

  if (again) again.addEventListener("submit", async (event) => {
    event.preventDefault();
    againError.hidden = true;
    const body = new FormData(again);
    body.set("csrfmiddlewaretoken", token.value);
    try {
      const answer = await fetch(again.dataset.action, {
        method: "POST", body, credentials: "same-origin",
        headers: { "X-CSRFToken": token.value, "X-Requested-With": "XMLHttpRequest", Accept: "application/json" },
      });
      const state = await freshToken();
      if (answer.ok && state.signed_in) {
        again.elements.namedItem("password").value = "";
        dialog.close();
        pause = 0;
        refusals = 0;
        dirty = true;
        await store();
        if (waiting && !dirty && !stopped) go(waiting);
        return;
      }
      againError.textContent = answer.status === 429
        ? "Too many tries. Please wait some minutes, and leave this page open."
        : "The email address or the password is not right. Please try again.";
    } catch {
      againError.textContent = "The server did not answer. Please try again in a moment.";
    }
    againError.hidden = false;
  });

  form.addEventListener("change", () => { dirty = true; pause = 0; store(); });
  form.addEventListener("input", (event) => {
    if (event.target.type !== "text" && event.target.inputMode !== "decimal") return;
    dirty = true;
    pause = 0;
    clearTimeout(timer);
    timer = setTimeout(store, 900);
  });
  window.addEventListener("online", () => { pause = 0; store(); });
  const go = (button) => {
    leaving = true;
    clearTimeout(timer);
    form.requestSubmit(button);
  };
  form.addEventListener("submit", async (event) => {
    if (leaving) return;
    const button = event.submitter;
    if (stopped || (!dirty && !sending)) { leaving = true; clearTimeout(timer); return; }
    event.preventDefault();          // first the script's save ends, or this page would overtake itself
    pause = 0;
    waiting = button;
    if (sending) await sending;
    if (dirty && !sending) await store();
    if (stopped || leaving) return;
    if (dialog && dialog.open) return;   // the way goes on after signing in
    if (dirty && (navigator.onLine === false || !insisted)) {   // leaving now would lose the answer; the page says so
      insisted = true;
      waiting = null;
      return;
    }
    go(button);
  });
  if (dialog) dialog.addEventListener("cancel", () => { waiting = null; });
  document.addEventListener("visibilitychange", () => { if (document.visibilityState === "hidden") store(); });
  window.addEventListener("beforeunload", (event) => { if (dirty && !leaving) event.preventDefault(); });
  window.addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
  if (!receipt.querySelector(".stored")) say(span("meta", "Your answer is stored as soon as you give it."));
})();
