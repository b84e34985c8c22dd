// What pages do quicker where script runs. Everything here is also possible without it;
// elements say what they want with data-kv-* attributes.
"use strict";

(() => {
  const fragment = { "Kv-Fragment": "1" };
  const say = (el, text) => { if (el) el.textContent = text; };

  // data-kv-poll: fetch a part of the page again every so many seconds. The answer replaces
  // the element; one without data-kv-poll ends it, one with Kv-Location leads on.
  const polling = new WeakSet();
  function poll(el) {
    if (polling.has(el)) return;
    polling.add(el);
    const wait = () => setTimeout(ask, 1000 * (Number(el.dataset.kvEvery) || 1));
    async function ask() {
      if (!el.isConnected) return;
      if (document.hidden) return wait();
      let answer;
      try {
        answer = await fetch(el.dataset.kvPoll, { headers: fragment, credentials: "same-origin" });
      } catch {
        return wait(); // no connection: the next second may have one
      }
      const to = answer.headers.get("Kv-Location");
      if (to && to.startsWith("/")) return location.assign(to);
      if (answer.status === 401 || answer.status === 404) return location.reload();
      if (!answer.ok || answer.status === 204) return wait();
      const box = document.createElement("template");
      box.innerHTML = await answer.text();
      const next = box.content.firstElementChild;
      if (!next) return wait();
      if (next.isEqualNode(el)) return wait(); // nothing new: say nothing
      el.replaceWith(next);
      if (next.dataset.kvMark !== el.dataset.kvMark) reload(next.dataset.kvReload);
      enhance(next);
    }
    wait();
  }

  // data-kv-reload: a frame to load again when data-kv-mark has become another, unless somebody is in it.
  function reload(name) {
    const frame = name && document.querySelector(`iframe[name="${CSS.escape(name)}"]`);
    if (frame && document.activeElement !== frame) frame.src = frame.src;
  }

  // data-kv-preview: draw the card from what is typed.
  function preview(form) {
    const card = document.querySelector("[data-kv-card] .kv-cardbox");
    if (!card) return;
    let timer, running;
    async function draw() {
      running?.abort();
      running = new AbortController();
      const fields = new URLSearchParams();
      for (const [name, value] of new FormData(form)) if (typeof value === "string") fields.append(name, value);
      try {
        const answer = await fetch(form.dataset.kvPreview, { method: "POST", body: fields, headers: fragment, signal: running.signal });
        if (answer.ok) card.innerHTML = await answer.text();
      } catch { /* typed on, or no connection: the picture is a help, not a need */ }
    }
    form.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(draw, 300); });
  }

  // data-kv-copy: put a value on the clipboard and say so.
  function copy(button) {
    if (!navigator.clipboard) return;
    button.hidden = false;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(button.dataset.kvCopy);
      say(button.nextElementSibling, document.body.dataset.kvCopied);
    });
  }

  // data-kv-dialog: the page behind a link, as a dialog over this one.
  function dialog(link) {
    link.addEventListener("click", async (event) => {
      if (event.metaKey || event.ctrlKey || event.shiftKey) return;
      event.preventDefault();
      let form;
      try {
        const answer = await fetch(link.href, { credentials: "same-origin" });
        if (answer.ok && !answer.redirected) form = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("[data-kv-confirm]");
      } catch { /* the link still works */ }
      if (!form) return location.assign(link.href);
      const box = document.createElement("dialog");
      box.className = "kv-dialog";
      box.setAttribute("aria-labelledby", "confirm");
      box.append(document.adoptNode(form));
      document.body.append(box);
      box.addEventListener("close", () => { box.remove(); link.focus(); });
      box.querySelector("[data-kv-close]")?.addEventListener("click", (e) => { e.preventDefault(); box.close(); });
      box.showModal();
      box.querySelector("#confirm")?.focus();
      enhance(box);
    });
  }

  // data-kv-picture: show the chosen picture before it is sent.
  function picture(input) {
    input.addEventListener("change", () => {
      const img = document.querySelector(input.dataset.kvPicture), file = input.files[0];
      if (!img || !file) return;
      if (img.src.startsWith("blob:")) URL.revokeObjectURL(img.src);
      img.src = URL.createObjectURL(file);
      img.hidden = false;
    });
  }

  // data-kv-hide: a secret that goes away after so many seconds.
  function hide(box) {
    let left = Number(box.dataset.kvHide);
    const words = box.querySelector("[data-kv-left]"), button = box.querySelector("[data-kv-hidenow]");
    const done = () => { clearInterval(timer); const p = document.createElement("p"); p.setAttribute("role", "status"); p.textContent = box.dataset.kvHidden; box.replaceChildren(p); };
    const timer = setInterval(() => { if (--left <= 0) return done(); say(words, words.dataset.kvLeft.replace("{n}", left)); }, 1000);
    if (button) { button.hidden = false; button.addEventListener("click", done); }
    addEventListener("pagehide", done);
  }

  // data-kv-fill on a box: its sentence goes into the field that data-kv-into of the fieldset names, until somebody writes there.
  function fill(set) {
    const field = document.querySelector(set.dataset.kvInto);
    if (!field) return;
    let own = field.value !== "";
    field.addEventListener("input", () => { own = field.value !== ""; });
    set.addEventListener("change", () => {
      if (own) return;
      field.value = [...set.querySelectorAll("[data-kv-fill]:checked")].map((b) => b.dataset.kvFill).join(" ");
    });
  }

  // data-kv-scale: a slider that says in words where it stands.
  function scale(input) {
    const words = JSON.parse(input.dataset.kvScale), line = document.getElementById(input.getAttribute("aria-describedby"));
    const tell = () => { input.setAttribute("aria-valuetext", words[input.value]); say(line, words[input.value]); };
    input.addEventListener("input", tell);
    tell();
  }

  // data-kv-key: one key for a button or link, never while something is typed.
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest?.("input:not([type=checkbox],[type=radio]), textarea, select, dialog")) return;
    if (event.key === "/") {
      const field = document.querySelector("[data-kv-search]");
      if (field) { event.preventDefault(); field.focus(); field.select(); }
      return;
    }
    if (event.key.length !== 1) return;
    const target = document.querySelector(`[data-kv-key="${CSS.escape(event.key.toLowerCase())}"]`);
    if (target) { event.preventDefault(); target.click(); }
  });

  // A menu closes when something else is pressed, and with Escape.
  addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll("details[data-kv-menu][open]")) if (!menu.contains(event.target)) menu.open = false;
  });
  addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of document.querySelectorAll("details[data-kv-menu][open]")) { menu.open = false; menu.querySelector("summary").focus(); }
  });

  // A form is sent once, however often the button is pressed.
  addEventListener("submit", (event) => {
    const form = event.target;
    if (form.dataset.kvSent) return event.preventDefault();
    form.dataset.kvSent = "1";
    setTimeout(() => delete form.dataset.kvSent, 4000);
  });
  addEventListener("pageshow", () => { for (const form of document.forms) delete form.dataset.kvSent; });

  function enhance(root) {
    const each = (attribute, fn) => {
      if (root.matches?.(`[${attribute}]`)) fn(root);
      root.querySelectorAll(`[${attribute}]`).forEach(fn);
    };
    each("data-kv-poll", poll);
    each("data-kv-preview", preview);
    each("data-kv-copy", copy);
    each("data-kv-dialog", dialog);
    each("data-kv-picture", picture);
    each("data-kv-hide", hide);
    each("data-kv-into", fill);
    each("data-kv-scale", scale);
    each("data-kv-submit", (el) => el.addEventListener("change", () => el.form.requestSubmit()));
    each("data-kv-focus", (el) => el.focus());
  }
  enhance(document);
})();
