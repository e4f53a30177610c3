// What HTML alone cannot: copying, counting up, one submit at a time, keeping what is typed, and saying whether this page is fed.
// Everything works without it.
(() => {
  "use strict";

  const still = matchMedia("(prefers-reduced-motion: reduce)");

  // Copy buttons are shown only where they work.
  function showCopyButtons(root) {
    if (!navigator.clipboard) return;
    for (const button of root.querySelectorAll("[data-copy][hidden]")) button.hidden = false;
  }

  async function copy(button) {
    await navigator.clipboard.writeText(button.dataset.copy);
    const label = button.textContent;
    if (button.dataset.label === undefined) button.dataset.label = label;
    button.textContent = button.dataset.copied;
    setTimeout(() => { button.textContent = button.dataset.label; }, 1500);
  }

  // A second click on the same form does nothing until the first has its answer.
  function submitOnce(event) {
    const form = event.target;
    if (form.method !== "post") return;
    if (form.dataset.sent) {
      event.preventDefault();
      event.stopImmediatePropagation();
      return;
    }
    form.dataset.sent = "yes";
    setTimeout(() => release(form), 15000);
    const button = event.submitter;
    if (!button) return;
    button.setAttribute("aria-disabled", "true");
    const words = button.querySelector("span");
    if (button.dataset.busy && words) {
      button.dataset.words = words.textContent;
      words.textContent = button.dataset.busy;
    }
  }

  function release(form) {
    delete form.dataset.sent;
    for (const button of form.querySelectorAll("[aria-disabled=true]")) {
      button.removeAttribute("aria-disabled");
      if (button.dataset.words) button.querySelector("span").textContent = button.dataset.words;
    }
  }

  // Neither switch at the foot throws away what is typed: the theme changes on the page as it stands;
  // another language is another page, so the browser asks first.
  let leavesFor = null;

  function useSwitch(event) {
    const form = event.target, button = event.submitter;
    if (!form.matches(".foot-switches") || !button) return;
    if (button.name === "language") leavesFor = form;
    if (button.name !== "theme") return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (button.value === "system") document.documentElement.removeAttribute("data-bs-theme");
    else document.documentElement.dataset.bsTheme = button.value;
    form.querySelector("[name=theme][aria-pressed]")?.removeAttribute("aria-pressed");
    button.setAttribute("aria-pressed", "true");
    const body = new URLSearchParams(new FormData(form, button));
    fetch(form.action, { method: "post", body, redirect: "manual" }).catch(() => {});
  }

  function askBeforeLeaving(event) {
    if (!leavesFor) return;
    release(leavesFor);
    leavesFor = null;
    if (document.querySelector("main form[data-typed], main form [aria-invalid]")) event.preventDefault();
  }

  // The number that arrives counts up once, from what stood there to what is true now.
  const shown = new Map();

  function figures(root) {
    return root.querySelectorAll("[data-counts]");
  }

  function numberIn(text) {
    const digits = text.replace(/[^\d]/g, "");
    const decimals = (text.match(/[.,](\d+)\s*$/) || ["", ""])[1].length;
    return { value: Number(digits) / 10 ** decimals, decimals, mark: text.includes(",") ? "," : "." };
  }

  function written(value, { decimals, mark }) {
    const [whole, rest] = value.toFixed(decimals).split(".");
    return whole.replace(/\B(?=(\d{3})+$)/g, "\u202f") + (rest ? mark + rest : "");
  }

  function countUp(element, before) {
    const truth = element.textContent;
    const from = numberIn(before), to = numberIn(truth);
    if (still.matches || document.hidden || from.value >= to.value) return;
    const start = performance.now();
    const step = (now) => {
      const part = Math.min(1, (now - start) / 150);
      element.textContent = part < 1 ? written(from.value + (to.value - from.value) * part, to) : truth;
      if (part < 1 && element.isConnected) requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
    setTimeout(() => { element.textContent = truth; }, 400);
  }

  function rememberFigures() {
    for (const element of figures(document)) shown.set(element.dataset.counts, element.textContent);
  }

  function countWhatChanged() {
    for (const element of figures(document)) {
      const before = shown.get(element.dataset.counts);
      if (before !== undefined && before !== element.textContent) countUp(element, before);
    }
    rememberFigures();
  }

  // The stream: htmx reconnects what was once connected; a first connect that failed is ours to repeat.
  const stream = () => document.getElementById("live");
  let attempts = 0;

  function say(state) {
    for (const chip of document.querySelectorAll("[data-live-state]")) {
      chip.hidden = false;
      chip.dataset.state = state;
      chip.lastElementChild.textContent = chip.dataset[state];
    }
    const paused = document.getElementById("paused");
    if (paused) paused.hidden = state !== "paused";
  }

  function connect() {
    const element = stream();
    if (element) htmx.ajax("GET", element.getAttribute("hx-sse:connect"), { source: element });
  }

  function retryLater() {
    say("reconnecting");
    attempts += 1;
    setTimeout(connect, Math.min(30000, 500 * 2 ** attempts));
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-copy]");
    if (button) copy(button);
    if (event.target.closest("[data-resume]")) connect();
    if (event.target.closest("[data-again]")) fetch("/health/live", { cache: "no-store" }).then(() => sayOffline(false), () => {});
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      if (!menu.contains(event.target)) menu.open = false;
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });
  document.addEventListener("submit", useSwitch, true);
  document.addEventListener("submit", submitOnce, true);
  document.addEventListener("input", (event) => event.target.closest("form[method=post]")?.setAttribute("data-typed", ""));
  addEventListener("beforeunload", askBeforeLeaving);
  document.addEventListener("htmx:finally:request", (event) => {
    const form = event.target.closest?.("form");
    if (form) release(form);
  });
  addEventListener("pageshow", (event) => {
    if (event.persisted) document.querySelectorAll("form[data-sent]").forEach(release);
  });

  // A pushed row has its "Why this TEO?" shut; one that was open, or about to be, is asked again, as what it says may have changed.
  // Whoever stood on it stands there still.
  const asked = new Map();
  let opened = [], stoodOn = "";

  function rememberOpened() {
    const open = Array.from(document.querySelectorAll(".evidence[open] > summary[id]"), (summary) => summary.id);
    opened = [...open, ...asked.keys()];
    stoodOn = document.activeElement?.id;
  }

  function openAgain() {
    for (const id of opened) {
      const link = document.querySelector(`a#${id}`);
      if (link && asked.get(id) !== link) link.click();
    }
    if (stoodOn && document.activeElement === document.body) document.getElementById(stoodOn)?.focus({ preventScroll: true });
  }

  // Kept with the request: the link has lost its id by the time the answer has taken its place.
  document.addEventListener("htmx:before:request", ({ detail: { ctx } }) => {
    const link = ctx.sourceElement?.closest?.("a[id^=why-]");
    if (!link) return;
    ctx.why = { id: link.id, link };
    asked.set(link.id, link);
  });
  document.addEventListener("htmx:finally:request", ({ detail: { ctx } }) => {
    if (ctx.why && asked.get(ctx.why.id) === ctx.why.link) asked.delete(ctx.why.id);
  });
  document.addEventListener("htmx:before:swap", () => {
    rememberFigures();
    rememberOpened();
  });
  document.addEventListener("htmx:after:swap", () => {
    openAgain();
    showCopyButtons(document);
    countWhatChanged();
    if (stream()?.dataset.state) say(stream().dataset.state);
  });

  // What is typed into a search changes the address in place: Back leads out of the search, not through its letters.
  document.addEventListener("htmx:before:request", ({ detail: { ctx } }) => {
    if (ctx.sourceEvent?.type === "input" && ctx.push) [ctx.push, ctx.replace] = [null, ctx.push];
  });
  document.addEventListener("htmx:before:history:update", ({ detail: { history } }) => {
    if (history.path === location.pathname + location.search) history.type = "replace";
  });

  // One stream a page: when a page is restored, htmx asks once more for one that is open, and would never close the first.
  document.addEventListener("htmx:before:request", (event) => {
    const element = event.detail.ctx.sourceElement;
    if (element?.hasAttribute("hx-sse:connect") && (element._htmx?.sse || !element.isConnected)) event.preventDefault();
  });

  // Of a stream whose page is gone htmx tells the document.
  function note(event, state) {
    if (event.target !== stream()) return;
    event.target.dataset.state = state;
    say(state);
  }

  document.addEventListener("htmx:sse:after:connection", (event) => {
    attempts = 0;
    note(event, "live");
  });
  document.addEventListener("htmx:sse:before:connection", (event) => {
    if (event.detail.connection.attempt > 0) say("reconnecting");
  });
  document.addEventListener("htmx:sse:error", (event) => note(event, "reconnecting"));
  document.addEventListener("htmx:sse:close", (event) => {
    if (event.detail.reason === "message") note(event, "paused");
  });
  document.addEventListener("htmx:error", (event) => {
    if (event.target === stream()) retryLater();
  });
  document.addEventListener("htmx:response:error", (event) => {
    if (event.target === stream() && event.detail.ctx.response.status >= 500) retryLater();
  });

  function sayOffline(is) {
    const offline = document.getElementById("offline"); // the sandbox's pages have none
    if (offline) offline.hidden = !is;
  }

  addEventListener("offline", () => sayOffline(true));
  addEventListener("online", () => sayOffline(false));

  showCopyButtons(document);
  rememberFigures();
})();
