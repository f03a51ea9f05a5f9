// What the pages do more comfortably with a script. Each part looks for its own attributes and does nothing
// where they are absent; without this file every page still works.

/** @type {(selector: string, root?: ParentNode) => any[]} */
const all = (selector, root = document) => [...root.querySelectorAll(selector)];

// --- arrival: the screen reader starts at the heading, or at what went wrong ---

const arrive = () => {
  /** @type {HTMLElement | null} */
  const target = document.querySelector("[data-arrive]") ?? document.querySelector("h1");
  if (target === null || document.activeElement !== document.body) return;
  target.tabIndex = -1;
  target.focus({ preventScroll: !target.hasAttribute("data-arrive") });
};

// --- forms that are sent by themselves (T22), not while offline, and once where the button says so ---

const sendAlone = () => { for (const form of all("form[data-send]")) form.submit(); };

/** @type {(form: HTMLFormElement) => void} */
const guardSending = (form) => {
  /** @type {HTMLElement | null} */
  const status = form.querySelector("[data-busy-status]");
  /** @type {HTMLButtonElement | null} */
  const button = form.querySelector("button[data-busy]");
  const label = button?.textContent ?? "";
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
    if (status !== null) {
      status.className = "unseen";
      status.textContent = button?.dataset.busy ?? "";
    }
    if (button === null) return;
    sent = true;
    button.setAttribute("aria-busy", "true");
    button.textContent = button.dataset.busy ?? label;
  });
  addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    sent = false;
    button?.removeAttribute("aria-busy");
    if (button !== null) button.textContent = label;
    if (status !== null) status.textContent = "";
  });
};

// --- buttons that take a moment before a pointer may press them ---

// Who is made to click twice on another window, which the first click takes away, would press what lies below
// with the second (T29). A press of the keyboard has no detail. In a frame, the host's page is the one below.
const SETTLED = 500;

/** @type {(buttons: HTMLButtonElement[]) => void} */
const deliberate = (buttons) => {
  let timer = 0;
  const settle = () => {
    clearTimeout(timer);
    for (const button of buttons) button.setAttribute("aria-disabled", "true");
    timer = setTimeout(() => { for (const button of buttons) button.removeAttribute("aria-disabled"); }, SETTLED);
  };
  for (const button of buttons) {
    button.addEventListener("click", (event) => {
      if (event.detail > 0 && button.hasAttribute("aria-disabled")) event.preventDefault();
    });
  }
  addEventListener("focus", settle);
  // Not each time: the first one waits for the page's last image.
  addEventListener("pageshow", (event) => { if (event.persisted) settle(); });
  document.addEventListener("visibilitychange", settle);
  settle();
};

// --- fields ---

// A pasted address is cut to the part that is asked for, as connect_hub.connectors.values does it:
// https://Acme.zendesk.com/agent gives acme.
/** @type {(text: string, prefix?: string, suffix?: string) => string} */
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
/** @type {(input: HTMLInputElement, pattern: RegExp) => void} */
const judge = (input, pattern) => {
  const { prefix, suffix, message = "" } = input.dataset;
  const value = cut(input.value, prefix, suffix);
  input.setCustomValidity(value === "" || pattern.test(value) ? "" : message);
};

/** @type {(source: string) => RegExp | null} */
const wholly = (source) => {
  try {
    return new RegExp(`^(?:${source})$`, "u");
  } catch {
    return null;  // the server judges it in any case
  }
};

/** @type {(input: HTMLInputElement) => void} */
const tidy = (input) => {
  const { prefix, suffix, pattern, message } = input.dataset;
  const whole = pattern && message ? wholly(pattern) : null;
  input.addEventListener("change", () => {
    const value = cut(input.value, prefix, suffix);
    if (value !== input.value) input.value = value;
    if (whole !== null) judge(input, whole);
  });
  if (whole !== null) input.addEventListener("input", () => judge(input, whole));
};

/** @type {(button: HTMLButtonElement) => void} */
const reveal = (button) => {
  const input = /** @type {HTMLInputElement} */ (document.getElementById(button.getAttribute("aria-controls") ?? ""));
  const word = /** @type {HTMLElement} */ (button.querySelector("[data-word]"));
  const { show, hide } = button.dataset;
  button.disabled = false;
  button.addEventListener("click", () => {
    const hidden = input.type === "password";
    input.type = hidden ? "text" : "password";
    button.setAttribute("aria-pressed", String(hidden));
    word.textContent = (hidden ? hide : show) ?? "";
  });
  // A browser must not offer to remember a key as plain text.
  input.form?.addEventListener("submit", () => { input.type = "password"; });
};

// A page comes back from the browser's memory as it was left, also to who comes next (T31).
/** @type {(input: HTMLInputElement) => void} */
const forget = (input) => addEventListener("pagehide", () => { input.value = ""; });

/** @type {(details: HTMLDetailsElement) => void} */
const edit = (details) => details.addEventListener("toggle", () => {
  /** @type {HTMLElement | null} */
  const box = details.querySelector("input, textarea");
  if (details.open) box?.focus();
});

// --- the list: the same rule as connect_hub.web.contexts.picking ---

/** @type {(text: string) => string[]} */
const fold = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase().split(/\s+/).filter(Boolean);

/** @type {(form: HTMLFormElement) => void} */
const search = (form) => {
  const input = /** @type {HTMLInputElement} */ (form.querySelector("input[type=search]"));
  /** @type {HTMLInputElement | null} */
  const hidden = form.querySelector("input[name=category]");
  const status = /** @type {HTMLElement} */ (document.querySelector("[data-search-status]"));
  const empty = /** @type {HTMLElement} */ (document.querySelector("[data-search-empty]"));
  const words = /** @type {HTMLElement} */ (empty.querySelector("[data-search-words]"));
  /** @type {HTMLElement[]} */
  const cards = all("[data-search]");
  /** @type {HTMLAnchorElement[]} */
  const pills = all("[data-category-pill]");
  const plurals = new Intl.PluralRules(document.documentElement.lang);
  let category = hidden?.value ?? "";

  /** @type {(query: string, key: string) => string} */
  const address = (query, key) => {
    const url = new URL(form.action);
    if (query) url.searchParams.set("q", query);
    if (key) url.searchParams.set("category", key);
    return url.href;
  };

  /** @type {(announce: boolean) => void} */
  const show = (announce) => {
    const parts = fold(input.value);
    let count = 0;
    for (const card of cards) {
      const match = (!category || card.dataset.category === category)
        && parts.every((part) => card.dataset.search?.includes(part));
      card.hidden = !match;
      count += Number(match);
    }
    empty.hidden = count > 0;
    words.textContent = input.value.trim().slice(0, 60);
    for (const pill of pills) {
      const key = pill.dataset.categoryPill ?? "";
      if (key === category) pill.setAttribute("aria-current", "true");
      else pill.removeAttribute("aria-current");
      pill.href = address(input.value.trim(), key);
    }
    if (hidden !== null) hidden.value = category;
    if (announce) {
      const sentence = status.dataset[plurals.select(count)] ?? status.dataset.other ?? "{n}";
      status.textContent = sentence.replace("{n}", String(count));
      history.replaceState(history.state, "", address(input.value.trim(), category));
    }
  };

  input.addEventListener("input", () => show(true));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const found = cards.filter((card) => !card.hidden);
    if (found.length === 1 && input.value.trim()) found[0].querySelector("a")?.click();
  });
  for (const pill of pills) {
    pill.addEventListener("click", (event) => {
      if (event.metaKey || event.ctrlKey || event.shiftKey) return;
      event.preventDefault();
      category = pill.dataset.categoryPill ?? "";
      show(true);
    });
  }
  for (const clear of all("[data-search-clear]")) {
    clear.addEventListener("click", (/** @type {MouseEvent} */ event) => {
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

/** @type {(element: HTMLTimeElement) => void} */
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

// --- the product's logo is at an address of the host's: where it does not load, its first letter stands ---

/** @type {(image: HTMLImageElement) => void} */
const orElse = (image) => void image.decode().catch(() => { image.src = image.dataset.else ?? ""; });

// --- the window of an embedded hub is done ---

if (document.querySelector("[data-close-window]") !== null) close();

all("form").forEach(guardSending);
if (parent === self) deliberate(all("form[data-deliberate] button:not([type=button])"));
all("input[data-tidy]").forEach(tidy);
all("[data-forget]").forEach(forget);
all("button[data-reveal]").forEach(reveal);
all("details[data-edit]").forEach(edit);
all("form[data-search-form]").forEach(search);
all("img[data-else]").forEach(orElse);
all("time[data-local]").forEach(localTime);
// What another script has put on the page since.
document.addEventListener("connect-hub:shown", ({ target }) => {
  if (target instanceof Element) for (const time of all("time[data-local]", target)) localTime(time);
});
sendAlone();
arrive();
