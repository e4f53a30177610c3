// The keys of the review desk: j and k go through the cases, a, r and h to what can be decided about one. None of them decides.
// They can be switched off, as a screen reader or a voice may have keys of its own.

const KEYS = "desk-keys";
const legend = document.querySelector("[data-keys]");
const isOn = () => localStorage.getItem(KEYS) !== "off";

function links() {
  return [...document.querySelectorAll("[data-cases] .rowline.linked .title a")];
}

// On a case to the one beside it; in the queue from row to row, and over the end of a page to the first or the last of the page beside it.
function step(by) {
  const all = links();
  if (!all.length) return document.querySelector(`a[data-case][rel="${by > 0 ? "next" : "prev"}"]`)?.click();
  const at = all.findIndex((link) => link.closest(".rowline").contains(document.activeElement));
  const to = at < 0 ? 0 : at + by;
  if (all[to]) return all[to].focus();
  const page = document.querySelector(`.pager a[rel="${by > 0 ? "next" : "prev"}"]`);
  if (page) location.href = `${page.href}#${by > 0 ? "first" : "last"}`;
}

function decide(what) {
  const row = document.activeElement.closest?.(".rowline");
  const link = row?.querySelector(".title a");
  if (link && links().includes(link)) {
    location.href = `${link.href}#${what}`;
  } else {
    show(what);
  }
}

// Opens what is folded, and puts the cursor where one types, or on the button.
function show(what) {
  const part = document.getElementById(what);
  if (!part) return;
  if (part.tagName === "DETAILS") part.open = true;
  part.querySelector("textarea, button")?.focus();
}

function choose() {
  document.activeElement.closest?.(".rowline")?.querySelector("input[name=chosen]")?.click();
}

const VERBS = {
  j: () => step(1),
  k: () => step(-1),
  x: choose,
  a: () => decide("approve"),
  r: () => decide("reject"),
  h: () => decide("hold"),
};

document.addEventListener("keydown", (event) => {
  if (!isOn() || event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input:not([type=checkbox]), textarea, select")) return;
  const verb = VERBS[event.key];
  if (!verb) return;
  event.preventDefault();
  verb();
});

if (legend) {
  const box = legend.querySelector("input");
  legend.hidden = false;
  box.checked = isOn();
  box.addEventListener("change", () => localStorage.setItem(KEYS, box.checked ? "on" : "off"));
}
// What another admin decides arrives in #case alone. What can be decided here is of before then: that is said, and where nothing is left to decide it is taken away.
const changed = document.querySelector("[data-changed]");
if (changed) {
  const standing = () => document.getElementById("case").dataset.standing;
  const before = standing();
  const heed = () => {
    changed.hidden = standing() === before;
    const isOver = !standing().startsWith("in review");
    for (const part of changed.parentElement.children) if (part !== changed) part.hidden = isOver;
    for (const key of legend.querySelectorAll("[data-decides]")) key.hidden = isOver;
  };
  new MutationObserver(heed).observe(document.getElementById("case").parentElement, { subtree: true, childList: true, attributeFilter: ["data-standing"] });
}
// Once the browser has gone to the part by itself, which takes the cursor along.
addEventListener("load", () => { if (location.hash) setTimeout(() => arrive(location.hash.slice(1))); });

function arrive(at) {
  const end = { first: 0, last: -1 }[at];
  if (end === undefined) return show(at);
  links().at(end)?.focus();
}
