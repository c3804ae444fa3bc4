/* Arrow keys in the table of people and courses. Without script every link of the table is a stop of the Tab key; with it the names of
   the people are, and the arrows go on to the cells. */
(function () {
  "use strict";

  function linkOf(cell) {
    return cell ? cell.querySelector("a[href]") : null;
  }

  function step(table, from, key, far) {
    var rows = Array.prototype.slice.call(table.tBodies[0].rows);
    var row = rows.indexOf(from.parentNode);
    var place = from.cellIndex;
    var down = { ArrowDown: 1, ArrowUp: -1 }[key] || 0;
    var right = { ArrowRight: 1, ArrowLeft: -1 }[key] || 0;
    if (getComputedStyle(table).direction === "rtl") right = -right;
    if (key === "Home" || key === "End") {
      if (far) row = key === "Home" ? 0 : rows.length - 1;
      place = key === "Home" ? 0 : rows[row].cells.length - 1;
      right = key === "Home" ? 1 : -1;
    } else {
      row += down;
      place += right;
    }
    for (; rows[row] && rows[row].cells[place]; row += down, place += right) {
      var link = linkOf(rows[row].cells[place]);
      if (link && link.offsetParent !== null) return link;
      if (!down && !right) return null;
    }
    return null;
  }

  function prepare(region) {
    var table = region.querySelector("table");
    if (!table || !table.tBodies.length) return;
    table.querySelectorAll("tbody td a[href]").forEach(function (link) { link.tabIndex = -1; });
    region.addEventListener("keydown", function (event) {
      if (event.altKey || event.metaKey || (event.ctrlKey && event.key !== "Home" && event.key !== "End")) return;
      if (["ArrowDown", "ArrowUp", "ArrowLeft", "ArrowRight", "Home", "End"].indexOf(event.key) < 0) return;
      var cell = event.target.closest("td, th");
      if (!cell || !table.tBodies[0].contains(cell)) return;
      var inside = Array.prototype.slice.call(cell.querySelectorAll("a[href]"));
      var next = inside[inside.indexOf(document.activeElement) + 1];
      var link = event.key === "ArrowRight" && next ? next : step(table, cell, event.key, event.ctrlKey);
      if (!link) return;
      event.preventDefault();
      link.focus();
    });
    document.querySelectorAll("[data-keys]").forEach(function (hint) { hint.hidden = false; });
  }

  document.addEventListener("DOMContentLoaded", function () {
    document.querySelectorAll("[data-grid]").forEach(prepare);
  });
})();
