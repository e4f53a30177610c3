// The keys of the review desk: j and k go through the cases, a, r and h to what can be decided about one. None of them decides.
// They can be switched off, as a screen reader or a voice may have keys of its own.

const KEYS = "desk-keys";
const legend = document.querySelector("[data-keys]");
const isOn = () => localStorage.getItem(KEYS) !== "off";

function links() {
  return [...document.querySelectorAll("[data-cases] .rowline.linked .title a")];
}

function step(by) {
  const all = links();
  if (!all.length) return follow(by > 0 ? "next" : "prev");
  const at = all.findIndex((link) => link.closest(".rowline").contains(document.activeElement));
  all[Math.min(all.length - 1, Math.max(0, at < 0 ? 0 : at + by))].focus();
}

function follow(rel) {
  document.querySelector(`a[data-case][rel="${rel}"]`)?.click();
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
// Once the browser has gone to the part by itself, which takes the cursor along.
addEventListener("load", () => { if (location.hash) setTimeout(() => show(location.hash.slice(1))); });
