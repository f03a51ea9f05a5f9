// What the dashboard does more comfortably with a script. Each part looks for its own attributes; without this
// file every page works.

/** @type {(selector: string, root?: ParentNode) => any[]} */
const all = (selector, root = document) => [...root.querySelectorAll(selector)];

// --- copy ---

/** @type {(root: ParentNode) => void} */
const copyable = (root) => all("button[data-copy]", root).forEach((button) => {
  button.disabled = false;
  button.addEventListener("click", async () => {
    const word = button.querySelector("[data-word]");
    const before = word.textContent;
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
    } catch {
      // No clipboard, or not allowed: the text is selected, for the person to copy.
      /** @type {HTMLInputElement} */ (document.querySelector("[data-select]"))?.select();
      return;
    }
    word.textContent = button.dataset.copied;
    const status = button.closest(".field")?.querySelector("[data-copy-status]");
    if (status) status.textContent = button.dataset.copied;
    setTimeout(() => { word.textContent = before; }, 2000);
  });
});

/** @type {(root: ParentNode) => void} */
const selectable = (root) => all("input[data-select]", root).forEach((input) => {
  input.addEventListener("focus", () => input.select());
});

// A page comes back from the browser's memory as it was left, also to who comes next (T31).
addEventListener("pagehide", () => { for (const once of all("[data-once]")) once.remove(); });

// --- a page in a dialog: the same page, the same form, the same answers ---

/** @type {(root: ParentNode) => void} */
const dialogs = (root) => all("a[data-dialog]", root).forEach((link) => {
  link.addEventListener("click", (/** @type {MouseEvent} */ event) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    open(link.href);
  });
});

/** @type {(url: string) => Promise<void>} */
const open = async (url) => {
  const dialog = document.createElement("dialog");
  dialog.className = "desk-dialog";
  let changed = false;
  /** @type {(answer: Response, elsewhere: () => void) => Promise<void>} */
  const show = async (answer, elsewhere) => {
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const content = page.querySelector("[data-dialog-content]");
    // Anything else (signed out, not allowed) is for the whole window.
    if (content === null) return elsewhere();
    changed = changed || page.querySelector("[data-select]") !== null;
    content.classList.remove("panel");
    dialog.replaceChildren(document.adoptNode(content));
    const heading = /** @type {HTMLElement} */ (dialog.querySelector("h1"));
    heading.id = "dialog-title";
    dialog.setAttribute("aria-labelledby", "dialog-title");
    copyable(dialog);
    selectable(dialog);
    dialogs(dialog);
    for (const link of all("a[data-close]", dialog)) {
      link.addEventListener("click", (/** @type {Event} */ event) => { event.preventDefault(); dialog.close(); });
    }
    for (const form of all("form", dialog)) {
      form.addEventListener("submit", async (/** @type {SubmitEvent} */ event) => {
        event.preventDefault();
        if (form.dataset.sent) return;
        form.dataset.sent = "yes";
        const body = new URLSearchParams(/** @type {any} */ (new FormData(form)));
        try {
          // Not done: sent once more by the window itself, which is told why.
          await show(await fetch(form.action, { method: "POST", body, redirect: "manual" }), () => form.submit());
        } catch {
          form.submit();
        }
      });
    }
    const found = dialog.querySelector("[data-arrive]") ?? dialog.querySelector("[data-select]")
      ?? dialog.querySelector("input:not([type=hidden]):not([readonly])");
    const target = /** @type {HTMLElement | null} */ (found) ?? heading;
    if (target === heading) heading.tabIndex = -1;
    if (!dialog.isConnected) document.body.append(dialog);
    // Times are written by hub.js, in a dialog as on the page.
    dialog.dispatchEvent(new Event("connect-hub:shown", { bubbles: true }));
    if (!dialog.open) dialog.showModal();
    target.focus();
  };
  dialog.addEventListener("close", () => {
    dialog.remove();
    if (changed) location.reload();
  });
  try {
    await show(await fetch(url), () => { location.href = url; });
  } catch {
    location.href = url;
  }
};

// --- what changes by itself: asked for every few seconds while somebody looks ---

/** @type {(element: any) => void} */
const live = (element) => {
  const { live: url, liveKey: key } = element.dataset;
  element.querySelector("[data-live-hide]").hidden = true;
  element.querySelector("[data-live-show]").hidden = false;
  const ask = async () => {
    if (document.visibilityState === "visible") {
      try {
        const answer = await fetch(url, { headers: { Accept: "application/json" } });
        if (answer.status === 429 || answer.status >= 500) throw new Error("not now");
        if (!answer.ok) {
          // Signed out, or there no more: the page no longer keeps itself up to date, and says so.
          element.querySelector("[data-live-hide]").hidden = false;
          element.querySelector("[data-live-show]").hidden = true;
          return;
        }
        const state = await answer.json();
        if (state.key !== key) {
          // Loaded anew by itself, which keeps nobody signed in. A reload, as that leaves the page scrolled as it
          // is; what is folded open stays so.
          const address = new URL(location.href);
          address.searchParams.set("watching", "1");
          const unfolded = all("details.fold").map((fold) => fold.open);
          history.replaceState({ unfolded }, "", address);
          return void location.reload();
        }
      } catch {
        // Offline for a moment, too many questions, a restart: the next try may do.
      }
    }
    setTimeout(ask, 3000);
  };
  setTimeout(ask, 3000);
};

// What was just done is said once: not again by Reload, nor to whom the address is sent. And whoever reloads
// the page is there.
const here = new URL(location.href);
if (here.searchParams.has("done") || here.searchParams.has("watching")) {
  const { unfolded = [] } = history.state ?? {};
  all("details.fold").forEach((fold, number) => { fold.open = unfolded[number] ?? fold.open; });
  here.searchParams.delete("done");
  here.searchParams.delete("watching");
  history.replaceState(null, "", here);
}

// --- menus close as one expects ---

document.addEventListener("click", (event) => {
  for (const menu of all("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of all("details.menu[open]")) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

// On a narrow screen the menu is a row that scrolls: where one is stands in it, seen.
document.querySelector(".desk-nav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" });

copyable(document);
selectable(document);
dialogs(document);
all("[data-live]").forEach(live);
