// What the pages do more comfortably with a script. Each part looks for its own attributes and does nothing
// where they are absent; without this file every page still works.

const all = (selector, root = document) => [...root.querySelectorAll(selector)];

// --- arrival: the screen reader starts at the heading, or at what went wrong ---

const arrive = () => {
  /** @type {HTMLElement} */
  const target = document.querySelector("[data-arrive]") ?? document.querySelector("h1");
  if (target === null || document.activeElement !== document.body) return;
  target.tabIndex = -1;
  target.focus({ preventScroll: !target.hasAttribute("data-arrive") });
};

// --- forms that are sent by themselves (T22), and forms that are sent once ---

const sendAlone = () => { for (const form of all("form[data-send]")) form.submit(); };

const sendOnce = (form) => {
  const status = form.querySelector("[data-busy-status]");
  const button = form.querySelector("button[data-busy]");
  if (button === null) return;
  const label = button.textContent;
  let sent = false;
  form.addEventListener("submit", (event) => {
    if (event.defaultPrevented) return;
    if (sent) return void event.preventDefault();
    if (!navigator.onLine && status?.dataset.offline) {
      // The browser's own page of no connection would take the place of what was typed.
      event.preventDefault();
      status.className = "offline";
      status.textContent = status.dataset.offline;
      return;
    }
    sent = true;
    if (status !== null) status.className = "unseen";
    button.setAttribute("aria-busy", "true");
    button.textContent = button.dataset.busy;
    if (status !== null) status.textContent = button.dataset.busy;
  });
  addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    sent = false;
    button.removeAttribute("aria-busy");
    button.textContent = label;
    if (status !== null) status.textContent = "";
  });
};

// --- fields ---

// A pasted address is cut to the part that is asked for, as connect_hub.connectors.values does it:
// https://Acme.zendesk.com/agent gives acme.
const cut = (text, prefix = "", suffix = "") => {
  let value = text.trim();
  const isHost = /^https?:\/\/$/i.test(prefix) || suffix.startsWith(".");
  const bare = isHost ? value.replace(/^https?:\/\//i, "") : value;
  const pasted = bare !== value;
  value = bare;
  if (!isHost && prefix && value.toLowerCase().startsWith(prefix.toLowerCase())) value = value.slice(prefix.length);
  const at = suffix ? value.toLowerCase().indexOf(suffix.toLowerCase()) : -1;
  if (at > 0) value = value.slice(0, at);
  else if (pasted) value = value.split(/[/?#]/, 1)[0];
  return isHost ? value.toLowerCase() : value.trim();
};

// The pattern is judged here and not by a `pattern` attribute: that would refuse a whole address before it
// is cut, say nothing of what to change, and reject what Python accepts, such as [a-z-].
const judge = (input, pattern) => {
  const { prefix, suffix, message } = input.dataset;
  const value = cut(input.value, prefix, suffix);
  input.setCustomValidity(value === "" || pattern.test(value) ? "" : message);
};

const tidy = (input) => {
  const { prefix, suffix, pattern, message } = input.dataset;
  let whole = null;
  try {
    if (pattern && message) whole = new RegExp(`^(?:${pattern})$`, "u");
  } catch {
    // The server judges it in any case.
  }
  input.addEventListener("change", () => {
    const value = cut(input.value, prefix, suffix);
    if (value !== input.value) input.value = value;
    if (whole !== null) judge(input, whole);
  });
  if (whole !== null) input.addEventListener("input", () => judge(input, whole));
};

const reveal = (button) => {
  const input = /** @type {HTMLInputElement} */ (document.getElementById(button.getAttribute("aria-controls")));
  button.disabled = false;
  button.addEventListener("click", () => {
    const show = input.type === "password";
    input.type = show ? "text" : "password";
    button.setAttribute("aria-pressed", String(show));
    button.querySelector("[data-word]").textContent = show ? button.dataset.hide : button.dataset.show;
  });
  // A browser must not offer to remember a key as plain text.
  input.form.addEventListener("submit", () => { input.type = "password"; });
};

// A page comes back from the browser's memory as it was left, also to who comes next (T31).
const forget = (input) => addEventListener("pagehide", () => { input.value = ""; });

const edit = (details) => details.addEventListener("toggle", () => {
  if (details.open) details.querySelector("input, textarea").focus();
});

// --- the list: the same rule as connect_hub.web.contexts.picking ---

const fold = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase().split(/\s+/).filter(Boolean);

const search = (form) => {
  const input = form.querySelector("input[type=search]");
  const hidden = form.querySelector("input[name=category]");
  /** @type {HTMLElement} */
  const status = document.querySelector("[data-search-status]");
  /** @type {HTMLElement} */
  const empty = document.querySelector("[data-search-empty]");
  const cards = all("[data-search]");
  const pills = all("[data-category-pill]");
  const plurals = new Intl.PluralRules(document.documentElement.lang);
  let category = hidden?.value ?? "";

  const address = (query, key) => {
    const url = new URL(form.action);
    if (query) url.searchParams.set("q", query);
    if (key) url.searchParams.set("category", key);
    return url.href;
  };

  const show = (announce) => {
    const words = fold(input.value);
    let count = 0;
    for (const card of cards) {
      const match = (!category || card.dataset.category === category)
        && words.every((word) => card.dataset.search.includes(word));
      card.hidden = !match;
      count += Number(match);
    }
    empty.hidden = count > 0;
    empty.querySelector("[data-search-words]").textContent = input.value.trim().slice(0, 60);
    for (const pill of pills) {
      const key = pill.dataset.categoryPill;
      if (key === category) pill.setAttribute("aria-current", "true");
      else pill.removeAttribute("aria-current");
      pill.href = address(input.value.trim(), key);
    }
    if (hidden !== null) hidden.value = category;
    if (announce) {
      const words = status.dataset[plurals.select(count)] ?? status.dataset.other;
      status.textContent = words.replace("{n}", String(count));
      history.replaceState(history.state, "", address(input.value.trim(), category));
    }
  };

  input.addEventListener("input", () => show(true));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const found = cards.filter((card) => !card.hidden);
    if (found.length === 1 && input.value.trim()) found[0].querySelector("a").click();
  });
  for (const pill of pills) {
    pill.addEventListener("click", (event) => {
      if (event.metaKey || event.ctrlKey || event.shiftKey) return;
      event.preventDefault();
      category = pill.dataset.categoryPill;
      show(true);
    });
  }
  for (const clear of all("[data-search-clear]")) {
    clear.addEventListener("click", (event) => {
      event.preventDefault();
      input.value = "";
      category = "";
      show(true);
      input.focus();
    });
  }
  // The browser's own Back puts the words back into the box, but not the list under it.
  addEventListener("pageshow", () => show(false));
};

// --- times, in the reader's own zone ---

const localTime = (element) => {
  const { lang } = document.documentElement;
  // en-GB and en-US write dates differently; the page knows only en, the browser knows which.
  const locale = navigator.languages.find((l) => l.split("-")[0] === lang.split("-")[0]) ?? lang;
  const format = new Intl.DateTimeFormat(locale, {
    year: "numeric", month: "short", day: "numeric", hour: "numeric", minute: "2-digit",
  });
  element.title = element.textContent.trim();
  element.textContent = format.format(new Date(element.dateTime));
};

// --- the window of an embedded hub is done ---

if (document.querySelector("[data-close-window]") !== null) close();

all("form").forEach(sendOnce);
all("input[data-tidy]").forEach(tidy);
all(".secret").forEach(forget);
all("button[data-reveal]").forEach(reveal);
all("details[data-edit]").forEach(edit);
all("form[data-search-form]").forEach(search);
all("time[data-local]").forEach(localTime);
sendAlone();
arrive();
