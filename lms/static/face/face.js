/* What a page gains when script runs. Nothing here is needed: every page works without it. */
(function () {
  "use strict";

  function focusSummary(root) {
    var summary = root.querySelector("[data-takes-focus]");
    if (summary) summary.focus();
  }

  function closeMenus(except) {
    document.querySelectorAll("details.menu[open]").forEach(function (menu) {
      if (menu !== except) menu.open = false;
    });
  }

  // What a tab keeps (sessionStorage) belongs to one person and one piece of work: it is dropped at sign-out, when another person
  // is signed in, and by a page that says its beginning in data-drops.
  function drop(beginning) {
    try {
      Object.keys(sessionStorage).forEach(function (name) {
        if (name.indexOf(beginning) === 0) sessionStorage.removeItem(name);
      });
    } catch (error) { /* a browser that keeps nothing has nothing to drop */ }
  }

  function dropWhatIsNotTheirs() {
    var person = document.body.dataset.person;
    try {
      if (person && sessionStorage.getItem("person") !== person) {
        drop("");
        sessionStorage.setItem("person", person);
      }
    } catch (error) { /* as above */ }
    document.querySelectorAll("[data-drops]").forEach(function (node) { drop(node.dataset.drops); });
  }

  document.addEventListener("DOMContentLoaded", function () { focusSummary(document); });
  dropWhatIsNotTheirs();

  // The second half of a double click sends nothing; a page that comes back from the browser's memory sends again.
  document.addEventListener("submit", function (event) {
    if ("forgets" in event.target.dataset) drop("");
    if (event.defaultPrevented || !("once" in event.target.dataset)) return;
    if (event.target.dataset.once) event.preventDefault();
    event.target.dataset.once = "sent";
    setTimeout(function () { event.target.dataset.once = ""; }, 5000);
  });
  document.addEventListener("htmx:afterSettle", function (event) { focusSummary(event.target); });

  document.addEventListener("keydown", function (event) {
    if (event.key !== "Escape") return;
    var menu = event.target.closest("details.menu[open]");
    closeMenus();
    if (menu) menu.querySelector("summary").focus();
  });

  document.addEventListener("click", function (event) {
    closeMenus(event.target.closest("details.menu"));

    var opener = event.target.closest("[data-opens]");
    if (opener) {
      var dialog = document.getElementById(opener.dataset.opens);
      if (dialog && dialog.showModal) {
        event.preventDefault();
        dialog.showModal();
      }
      return;
    }
    var closer = event.target.closest("[data-closes]");
    if (closer && closer.closest("dialog")) {
      event.preventDefault();
      closer.closest("dialog").close();
      return;
    }
    if (event.target.closest("[data-prints]")) window.print();
  });
})();
