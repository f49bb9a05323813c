// Comfort only: every page works without this file.
"use strict";

// Menus: one open at a time; a click elsewhere or Escape closes them.
const openMenus = () => document.querySelectorAll("details.menu[open]");

document.addEventListener("click", (event) => {
  for (const menu of openMenus()) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of openMenus()) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

document.addEventListener("focusin", (event) => {
  for (const menu of openMenus()) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});

// Selection: [data-select-all="name"] ticks every checkbox of that name; what counts or needs a selection follows.
const boxes = (name) => [...document.querySelectorAll(`input[type=checkbox][name="${CSS.escape(name)}"]`)];

function showSelection(name) {
  const all = boxes(name);
  const chosen = all.filter((box) => box.checked).length;
  for (const master of document.querySelectorAll(`[data-select-all="${CSS.escape(name)}"]`)) {
    master.checked = chosen > 0 && chosen === all.length;
    master.indeterminate = chosen > 0 && chosen < all.length;
  }
  for (const count of document.querySelectorAll(`[data-selected-count="${CSS.escape(name)}"]`)) {
    count.textContent = chosen;
  }
  for (const button of document.querySelectorAll(`[data-needs-selection="${CSS.escape(name)}"]`)) {
    button.disabled = chosen === 0;
  }
}

for (const master of document.querySelectorAll("[data-select-all]")) {
  const name = master.dataset.selectAll;
  master.hidden = false;
  master.addEventListener("change", () => {
    for (const box of boxes(name)) box.checked = master.checked;
    showSelection(name);
  });
  for (const box of boxes(name)) box.addEventListener("change", () => showSelection(name));
  showSelection(name);
}
window.addEventListener("pageshow", () => {
  for (const master of document.querySelectorAll("[data-select-all]")) showSelection(master.dataset.selectAll);
});

// Filters that apply as soon as they are chosen.
document.addEventListener("change", (event) => {
  if (event.target.matches("[data-submit-on-change]")) event.target.form.requestSubmit();
});

// A changed form warns before the page is left by anything but a submit.
for (const form of document.querySelectorAll("form[data-warn-unsaved]")) {
  let changed = false;
  form.addEventListener("input", () => { changed = true; });
  form.addEventListener("submit", () => { changed = false; });
  window.addEventListener("beforeunload", (event) => { if (changed) event.preventDefault(); });
}
