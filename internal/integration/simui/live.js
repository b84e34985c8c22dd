// Fetches the page again every two seconds and puts its live part in place.
// What has the keyboard's attention, or is selected, stays until it hasn't.
(function () {
  "use strict";
  var part = document.querySelector("[data-live]");
  if (!part) return;
  var last = part.innerHTML;
  function busy() {
    var selected = String(document.getSelection() || "");
    return document.hidden || part.contains(document.activeElement) || selected !== "";
  }
  function turn() {
    if (busy()) return again();
    fetch(location.href, { credentials: "same-origin" })
      .then(function (r) { return r.ok ? r.text() : ""; })
      .then(function (html) {
        var next = html && new DOMParser().parseFromString(html, "text/html").querySelector("[data-live]");
        if (!next || busy() || next.innerHTML === last) return;
        last = next.innerHTML;
        part.replaceChildren.apply(part, Array.prototype.slice.call(next.childNodes));
      })
      .catch(function () {}) // the simulator is away; the next turn sees
      .then(again);
  }
  function again() { setTimeout(turn, 2000); }
  again();
})();
