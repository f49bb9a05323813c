// Keeps a part of the page up to date while something is under way; without it, the page has a link.
"use strict";

const EVERY = 2000;

async function reload(part) {
  try {
    const response = await fetch(part.dataset.reload, { credentials: "same-origin" });
    const text = response.ok && !response.redirected ? await response.text() : "";
    // It is over, or the person may not see it any more: the page itself says which.
    if (response.status < 500 && !text.includes("data-under-way")) {
      window.location.reload();
      return;
    }
    if (text) part.innerHTML = text;
  } catch {
    // The server may be restarting: try again.
  }
  window.setTimeout(reload, EVERY, part);
}

for (const part of document.querySelectorAll("[data-reload]")) window.setTimeout(reload, EVERY, part);
