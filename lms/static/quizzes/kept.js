// The answers of this tab that the server has not acknowledged, so that a reload or a crash while offline loses none.
// They live as long as the tab. face.js drops them after hand-in, at sign-out, and when another person is signed in.
const key = (attempt, position) => `quiz:${attempt}:${position}`;

export function keep(attempt, position, entry) {
  try { sessionStorage.setItem(key(attempt, position), JSON.stringify(entry)); } catch { /* full or forbidden: the page alone keeps it */ }
}

export function release(attempt, position) {
  try { sessionStorage.removeItem(key(attempt, position)); } catch { /* nothing was kept */ }
}

export function releaseAll(attempt) {
  for (const entry of kept(attempt)) release(attempt, entry.position);
}

// Every kept answer of an attempt, by position: { position, url, revision, fields, doubtful }.
export function kept(attempt) {
  const found = [];
  try {
    for (const name of Object.keys(sessionStorage)) {
      if (!name.startsWith(key(attempt, ""))) continue;
      found.push({ position: Number(name.slice(key(attempt, "").length)), ...JSON.parse(sessionStorage.getItem(name)) });
    }
  } catch { /* unreadable: as if nothing were kept */ }
  return found.sort((one, other) => one.position - other.position);
}

// The last revision that the server acknowledged to this tab. A page that was rendered just before that is older than what is stored.
const seen = (attempt, position) => `seen:${attempt}:${position}`;

export function note(attempt, position, revision) {
  try { sessionStorage.setItem(seen(attempt, position), revision); } catch { /* full or forbidden: nothing is noticed */ }
}

// Whether this page is older than what was acknowledged; true once only, so that a page never loads itself again and again.
export function older(attempt, position, revision) {
  try {
    const last = Number(sessionStorage.getItem(seen(attempt, position)));
    sessionStorage.removeItem(seen(attempt, position));
    return last > Number(revision);
  } catch { return false; }
}
