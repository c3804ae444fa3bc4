// The two requests of a quiz page. A network that fails gives a status of 0.
const asScript = { "X-Requested-With": "XMLHttpRequest" };

export async function post(url, { revision, fields }, token) {
  const body = new URLSearchParams(fields);
  body.set("revision", revision);
  body.set("csrfmiddlewaretoken", token.value);
  let answer;
  try {
    answer = await fetch(url, {
      method: "POST", body, credentials: "same-origin", redirect: "error", keepalive: true,
      headers: { ...asScript, "X-CSRFToken": token.value },
    });
  } catch { return { status: 0, data: {} }; }
  let data = {};
  try { data = await answer.json(); } catch { /* an error page */ }
  return { status: answer.status, data };
}

// A fresh token, put into the form, and who is signed in.
export async function whoIsHere(form, token) {
  const answer = await fetch(form.dataset.tokenUrl, { credentials: "same-origin", headers: asScript });
  const data = await answer.json();
  token.value = data.token;
  return { signedIn: data.signed_in, another: data.signed_in && data.person !== form.dataset.person };
}

export async function signIn(url, form, token) {
  const body = new FormData(form);
  body.set("csrfmiddlewaretoken", token.value);
  return fetch(url, {
    method: "POST", body, credentials: "same-origin",
    headers: { ...asScript, "X-CSRFToken": token.value, Accept: "application/json" },
  });
}
