// Stores each answer when it is given. The page says "stored" only after the server said so; until then the answer is kept in the
// tab, is called not stored, and is sent again by itself.
// Without this script every button of the form stores, so nothing here is needed to take a quiz.
import { read, same, write } from "./fields.js";
import { keep, kept, note, older, release, releaseAll } from "./kept.js";
import { others } from "./others.js";
import { post, signIn, whoIsHere } from "./server.js";
import { steps } from "./steps.js";
import { icon, link, span, useSprite, waiting as notYet } from "./words.js";

const FIRST_PAUSE = 2000, LONGEST_PAUSE = 30000, TYPING_PAUSE = 900;
const INSIST_AFTER = 3000;   // a second press this much later goes on though nothing could be stored: the tab keeps the answer
const SAME_PRESS = 3000;     // a press this soon after one that left the page is the second half of a double click

const form = document.getElementById("quiz");
useSprite(form.dataset.icons);
const { attempt, position } = form.dataset;
const revision = form.elements.namedItem("revision");
const token = form.elements.namedItem("csrfmiddlewaretoken");
const receipt = document.getElementById("receipt");
const choice = document.getElementById("choice");
const count = document.querySelector("#stored-count span");
const progress = document.querySelector(".readbar progress");
const dialog = document.getElementById("sign-in-again");
const again = document.getElementById("again");
const againError = document.getElementById("again-error");

let dirty = false;      // something was chosen that the server has not acknowledged
let sending = null;     // the request in flight
let stopped = false;    // handed in, or not this person's: this page stores nothing more
let pause = 0;          // milliseconds to the next try after a failure
let timer = 0;
let left = 0;           // when a button took its way off this page
let doubtful = null;    // what was sent and whose fate is not known: it goes again, as it was, before anything else
let refusals = 0;       // how often in a row the server took the token for wrong although somebody is signed in
let failedAt = 0;       // when a pressed button first could not store
let waiting = null;     // the button whose way is taken once the answer is stored

const now = () => ({ revision: revision.value, fields: read(form) });
const say = (...nodes) => receipt.replaceChildren(...nodes);
const elsewhere = others(form, token, { except: Number(position), acknowledged: (data, at) => { total(data); dot(data, at); } });
const order = steps(form, () => changed());

function total(data) {
  if (count) count.textContent = `${data.stored} of ${data.out_of} stored`;
  if (progress) progress.value = data.stored;
}

function dot(data, at) {
  const button = form.querySelector(`.dots button[value="${at}"]`);
  if (!button) return;
  button.closest("li").classList.toggle("is-done", data.answered);
  const state = data.answered ? "stored" : data.given ? "not complete" : "no answer yet";
  button.setAttribute("aria-label", `Question ${at}, ${state}`);
  const mark = button.querySelector("svg");
  if (data.answered && !mark) button.append(icon("circle-check"));
  if (!data.answered && mark) mark.remove();
}

function keepHere() {
  keep(attempt, position, { ...now(), doubtful, url: form.dataset.store, page: form.getAttribute("action") });
}

function acknowledge(data) {
  revision.value = data.revision;
  note(attempt, position, data.revision);
  pause = 0;
  refusals = 0;
  failedAt = 0;
  total(data);
  dot(data, position);
  if (dirty) return keepHere();
  release(attempt, position);
  if (data.given) say(span("stored", icon("check"), `Stored at ${data.at}`), span("meta num", `Receipt ${data.receipt}`));
  else say(span("meta", "No answer is stored for this question."));
  elsewhere.start();
}

function stop(text, url, label) {
  stopped = true;
  dirty = false;
  waiting = null;
  choice.replaceChildren();
  releaseAll(attempt);
  say(notYet("triangle-alert", text), link(url, label));
}

const notTheirs = () => stop("This quiz is not here for the person who is signed in now.", "/", "My training");

function later(text) {
  dirty = true;
  pause = Math.min(pause ? pause * 2 : FIRST_PAUSE, LONGEST_PAUSE);
  const way = waiting ? ` “${waiting.innerText.trim()}” opens as soon as it is stored.` : "";
  say(notYet("cloud-off", `Not stored yet. ${text}${way}`));
  clearTimeout(timer);
  timer = setTimeout(store, pause);
}

async function store() {
  clearTimeout(timer);
  if (stopped || left || sending || !dirty) return sending;
  dirty = false;
  say(span("meta", "Storing …"));
  sending = send();
  try { await sending; } finally { sending = null; }
  if (dirty && !pause && !dialog.open) return store();
  // A pressed button goes its way, also with an answer that was refused: the page that comes says what is wrong at its control.
  if (waiting && !dirty && !stopped && !dialog.open && !choice.hasChildNodes()) go(waiting);
}

async function send() {
  const resent = doubtful !== null;
  const body = doubtful ? { ...doubtful } : now();
  const { status, data } = await post(form.dataset.store, body, token);
  if (status === 0 || status >= 500 || status === 429) {
    doubtful = body;  // the answer may have been stored and the acknowledgment lost
    later(status === 429 ? "Your answer is kept on this page and is sent again in a moment."
      : status || navigator.onLine ? "The server did not answer. Your answer is kept on this page and is sent again by itself."
      : "Your answer is kept on this page and is sent when you are back online.");
    return keepHere();
  }
  if (status === 401 || status === 403) { dirty = true; return signInAgain(); }
  doubtful = null;
  if (status === 200) {
    if (resent) dirty = !same(body.fields, read(form));  // what is on the page now may be newer than what was in doubt
    choice.replaceChildren();
    return acknowledge(data);
  }
  if (status === 409) {
    if (!same(body.fields, read(form))) { dirty = true; return; }  // the choice is between the stored answer and what stands here now
    return choose(data);
  }
  if (status === 410) return stop(data.error, data.url, "Show the result");
  if (status === 404) return notTheirs();
  say(notYet("triangle-alert", status === 422 ? `Not stored. ${data.error}` : "Not stored. Please load this page again."));
}

// ---- overtaken by another tab or device ----------------------------------------------------------------------------
const toControls = () => form.querySelector("input:not([type=hidden]), select").focus();

function choose(data) {
  const typing = document.activeElement.type === "text" && !waiting;
  waiting = null;
  total(data);
  dot(data, position);
  say(notYet("triangle-alert", "Not stored. Choose which answer counts."), link("#choice", "See both answers"));
  choice.innerHTML = data.html;
  choice.onsubmit = (event) => {
    event.preventDefault();
    choice.replaceChildren();
    revision.value = data.revision;
    if (event.target.dataset.choice === "mine") changed();
    else {
      write(form, data.fields);
      order.arrange();
      acknowledge(data);
    }
    toControls();
  };
  if (!typing) choice.focus();
}

// ---- signed out in the middle --------------------------------------------------------------------------------------
async function signInAgain() {
  say(notYet("cloud-off", "Not stored yet. Your answer is kept on this page."));
  try {
    const here = await whoIsHere(form, token);
    if (here.another) return notTheirs();
    if (here.signedIn && refusals < 2) { refusals += 1; pause = 0; return; }
    if (here.signedIn) return later("The server does not take answers from this page just now. It is tried again by itself.");
  } catch { return later("Your answer is kept on this page."); }
  if (!dialog.open) { dialog.showModal(); again.elements.namedItem("password").focus(); }
}

again.addEventListener("submit", async (event) => {
  event.preventDefault();
  againError.hidden = true;
  try {
    const answer = await signIn(again.dataset.action, again, token);
    const here = await whoIsHere(form, token);
    if (answer.ok && here.signedIn) {
      again.elements.namedItem("password").value = "";
      dialog.close();
      if (here.another) return notTheirs();
      pause = 0;
      refusals = 0;
      dirty = true;
      return void store();
    }
    againError.textContent = answer.status === 429
      ? "Too many tries. Please wait some minutes, and leave this page open."
      : "The email address or the password is not right. Please try again.";
  } catch {
    againError.textContent = "The server did not answer. Please try again in a moment.";
  }
  againError.hidden = false;
});
dialog.addEventListener("cancel", () => { waiting = null; });

// ---- what the learner does -----------------------------------------------------------------------------------------
function changed() {
  dirty = true;
  pause = 0;
  waiting = null;
  keepHere();
  store();
}

form.addEventListener("change", () => { order.mark(); changed(); });
form.addEventListener("input", (event) => {
  if (event.target.type !== "text") return;
  dirty = true;
  pause = 0;
  waiting = null;
  keepHere();
  clearTimeout(timer);
  timer = setTimeout(store, TYPING_PAUSE);
});

let passing = false;    // the submit event of go, which nothing may stop
function go(button) {
  left = Date.now();
  clearTimeout(timer);
  passing = true;
  form.requestSubmit(button);
  passing = false;
}

form.addEventListener("submit", async (event) => {
  if (passing) return;
  if (left && Date.now() - left < SAME_PRESS) return event.preventDefault();
  if (left || stopped || (!dirty && !sending)) { left = Date.now(); clearTimeout(timer); return; }
  event.preventDefault();          // first the script's save ends, or this page would overtake itself
  pause = 0;
  const pressed = Date.now();
  waiting = event.submitter;
  if (sending) await sending;
  if (dirty && !sending && !left) await store();
  if (!dirty || stopped || left || dialog.open) return;
  failedAt ||= pressed;
  if (navigator.onLine && pressed - failedAt >= INSIST_AFTER) go(event.submitter);
});

document.addEventListener("visibilitychange", () => { if (document.visibilityState === "hidden") store(); });
window.addEventListener("online", () => { pause = 0; store(); });
window.addEventListener("beforeunload", (event) => { if (dirty && !left) event.preventDefault(); });
window.addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });

// ---- what this tab kept of an earlier visit ------------------------------------------------------------------------
if (!receipt.querySelector(".stored")) say(span("meta", "Your answer is stored as soon as you give it."));
const mine = kept(attempt).find((entry) => entry.position === Number(position));
if (older(attempt, position, revision.value)) location.reload();
else if (mine && same(mine.fields, read(form))) release(attempt, position);
else if (mine) {
  write(form, mine.fields);
  order.arrange();
  revision.value = mine.revision;
  doubtful = mine.doubtful;
  dirty = true;
  store();
}
elsewhere.start();
