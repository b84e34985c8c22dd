// Shows new orders without reloading: fetches the same page and puts its main part in place.
(function () {
  "use strict";
  var main = document.querySelector("main[data-poll]");
  if (!main) return;
  function turn() {
    if (document.hidden) return again();
    fetch(location.href, { credentials: "same-origin" })
      .then(function (r) { return r.ok ? r.text() : ""; })
      .then(function (html) {
        if (!html) return;
        var next = new DOMParser().parseFromString(html, "text/html").querySelector("main");
        if (!next) return;
        if (!next.dataset.poll) { location.reload(); return; }
        var focused = document.activeElement;
        if (next.innerHTML === main.innerHTML || (focused && main.contains(focused) && focused.matches("input, select"))) return;
        var keep = focused && main.contains(focused) && focused.tagName === "BUTTON" ? Array.prototype.indexOf.call(main.querySelectorAll("button"), focused) : -1;
        main.replaceChildren.apply(main, Array.prototype.slice.call(next.childNodes));
        var button = keep >= 0 && main.querySelectorAll("button")[keep];
        if (button) button.focus();
      })
      .catch(function () {})
      .then(again);
  }
  function again() { setTimeout(turn, Number(main.dataset.poll)); }
  again();
})();
