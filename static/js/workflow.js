// Comfort on the pages of a draft: only what fits together is offered.
// Without it everything stands there, and what does not fit is refused with the reason.
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  document.querySelectorAll(".setup-row:not(.empty-form)").forEach(tidyRow);
  tidyStep(document.querySelector("#workflowstep_form"));
});
document.addEventListener("formset:added", (event) => tidyRow(event.target));

function tidyRow(row) {
  const group = row.closest("[data-place]");
  if (!group) return;
  if (group.dataset.choices) tidyCondition(row, JSON.parse(group.dataset.choices));
  if (group.dataset.place === "escalation") tidyLevel(row);
}

function control(row, column) {
  return row.querySelector(`[data-column="${column}"] select, [data-column="${column}"] input`);
}

function show(row, column, visible) {
  row.querySelector(`[data-column="${column}"]`).hidden = !visible;
}

function tidyCondition(row, choices) {
  const subject = control(row, "subject");
  const field = control(row, "field");
  const operator = control(row, "operator");
  const value = control(row, "value");
  const tidy = () => {
    const withField = choices.withField.includes(subject.value);
    const suitable = choices.operators[subject.value] || {};
    for (const option of field.options) {
      offer(option, !option.value || (suitable[option.value] || []).length > 0);
    }
    const operators = suitable[withField ? field.value : ""] || suitable[""] || [];
    for (const option of operator.options) offer(option, operators.includes(option.value));
    if (!operators.includes(operator.value) && operators.length) operator.value = operators[0];
    const chosen = choices.chosen[subject.value];
    show(row, "field", withField);
    show(row, "value", !chosen && !choices.bare.includes(operator.value));
    show(row, "person", chosen === "person");
    show(row, "group", chosen === "group");
    suggest(value, choices.codes[subject.value] || choices.fieldCodes[field.value] || []);
  };
  for (const changing of [subject, field, operator]) changing.addEventListener("change", tidy);
  tidy();
}

function offer(option, fits) {
  option.hidden = option.disabled = !fits;
}

function suggest(input, codes) {
  let list = input.nextElementSibling;
  if (!list || list.tagName !== "DATALIST") {
    list = document.createElement("datalist");
    input.after(list);
  }
  list.id = `${input.id}-values`;
  input.setAttribute("list", list.id);
  list.replaceChildren(...codes.map(([code, label]) => new Option(label, code)));
}

function tidyLevel(row) {
  const kind = control(row, "kind");
  const tidy = () => {
    show(row, "user", kind.value === "user");
    show(row, "group", kind.value === "group");
  };
  kind.addEventListener("change", tidy);
  tidy();
}

function tidyStep(form) {
  if (!form) return;
  const chosen = (name) => (form.querySelector(`[name="${name}"]:checked`) || {}).value;
  const toggle = (selector, visible) => {
    for (const line of form.querySelectorAll(selector)) line.hidden = !visible;
  };
  const tidy = () => {
    const managers = chosen("assignment") === "managers";
    toggle(".form-row.field-users, .form-row.field-groups", !managers);
    toggle(".form-row.field-manager_start, .form-row.field-manager_stop_group, .form-row.field-manager_take", managers);
    toggle(".form-row.field-percentage", chosen("policy") === "percentage");
  };
  form.addEventListener("change", tidy);
  tidy();
}
