// Comfort on the parameters page: filter the fields, tick a whole group, count what is enabled.
// Without it every field can still be found and ticked.
"use strict";

for (const section of document.querySelectorAll("[data-enablement]")) {
  const groups = [...section.querySelectorAll("[data-group]")].map(makeGroup);
  const filter = section.querySelector("[data-filter]");
  filter.parentElement.hidden = false;
  filter.addEventListener("input", () => groups.forEach((group) => group.show(filter.value)));
  filter.addEventListener("keydown", (event) => {
    if (event.key === "Enter") event.preventDefault();
  });
}

function makeGroup(group) {
  const fields = [...group.querySelectorAll("[data-field]")];
  const boxes = fields.map((field) => field.querySelector("input[type=checkbox]"));
  const count = () => {
    group.querySelector("[data-count]").textContent = boxes.filter((box) => box.checked).length;
  };
  const tick = (checked) => {
    boxes.forEach((box, place) => { if (!fields[place].hidden) box.checked = checked; });
    count();
  };
  offer(group.querySelector("[data-tick]"), () => tick(true));
  offer(group.querySelector("[data-untick]"), () => tick(false));
  group.addEventListener("change", count);
  count();
  const show = (text) => {
    const wanted = text.trim().toLowerCase();
    for (const field of fields) field.hidden = !field.textContent.toLowerCase().includes(wanted);
    group.hidden = fields.every((field) => field.hidden);
  };
  return { show };
}

function offer(button, action) {
  if (!button) return;
  button.hidden = false;
  button.addEventListener("click", action);
}
