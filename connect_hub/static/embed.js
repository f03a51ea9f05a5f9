// Loaded by pages that stand in a frame of the host's page. They speak with that page alone, and only if its
// origin is one of the configured ones; what they tell has ids in it and nothing else.
const root = document.body;
const allowed = (root.dataset.frame ?? "").split(" ");
// Also the target of the form in pages/waiting.html, which can be sent before this has run.
const name = "connect_hub_window";
const opened = "connect_hub:opened";
/** @type {string | null} */
let host = null;
let escaped = false;

/** @type {(message: object) => void} */
const say = (message) => {
  if (host !== null) parent.postMessage({ connectHub: 1, ...message }, host);
};

const measure = () => say({ type: "resize", height: document.body.getBoundingClientRect().height });

// --- the host's page ---

/** @type {(hello: { back?: unknown, background?: unknown }) => void} */
const greeted = ({ back, background }) => {
  if (back === false) root.dataset.noBack = "";
  if (typeof background === "string" && background !== "") document.body.style.background = background;
  const { lang, dir } = document.documentElement;
  const { title, close } = root.dataset;
  say({ type: "words", words: { lang, dir, title, close } });
  new ResizeObserver(measure).observe(document.body);
  /** @type {HTMLElement | null} */
  const done = document.querySelector("[data-connected]");
  if (done !== null) {
    const { connected: id, provider, attempt } = done.dataset;
    say({ type: "success", attempt, account: { id, provider } });
  }
  /** @type {HTMLElement | null} */
  const problem = document.querySelector("[data-problem]");
  if (problem !== null) say({ type: "problem", code: problem.dataset.problem });
  if (document.querySelector("[data-closed]") !== null) say({ type: "close" });
  if (document.querySelector("form[data-start]") !== null) say({ type: "start" });
  if (escaped) say({ type: "escape" });
};

/** @type {(token: unknown) => void} */
const begin = (token) => {
  /** @type {HTMLFormElement | null} */
  const form = document.querySelector("form[data-start]");
  if (form === null || typeof token !== "string") return;
  /** @type {HTMLInputElement} */ (form.elements.namedItem("token")).value = token;
  form.submit();
};

addEventListener("message", ({ data, origin, source }) => {
  if (parent === self || source !== parent || !allowed.includes(origin) || data?.connectHub !== 1) return;
  if (data.type === "hello" && host === null) {
    host = origin;
    greeted(data);
  } else if (data.type === "token" && host === origin) {
    begin(data.token);
  }
});

// Not every browser tells who stands around; the first page's referrer does, too. Without either, the host's
// page greets once everything is loaded.
const around = () => {
  const known = location.ancestorOrigins?.[0] ?? (document.referrer && new URL(document.referrer).origin);
  return allowed.includes(known) ? known : null;
};
const above = parent === self ? null : around();
if (above !== null) parent.postMessage({ connectHub: 1, type: "ready" }, above);

// The first page may be the answer to a form, which a way back would send again: it is the list from now on.
/** @type {HTMLElement | null} */
const placed = document.querySelector("[data-address]");
if (placed?.dataset.address !== undefined && placed.dataset.address !== location.pathname) {
  history.replaceState(null, "", placed.dataset.address);
}

addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || event.defaultPrevented) return;
  escaped = host === null; // then it is told once the host's page has greeted
  say({ type: "escape" });
});

// --- the window in which the provider's sign-in is done ---

// It is opened in the click, or browsers keep it from opening; where it leads is known a page later.
const features = () => {
  const width = Math.min(560, screen.availWidth);
  const height = Math.min(760, screen.availHeight);
  const left = Math.max(0, (screen.availWidth - width) / 2);
  return `popup,width=${width},height=${height},left=${left},top=${Math.max(0, (screen.availHeight - height) / 2)}`;
};

for (const form of document.querySelectorAll("form[data-window]")) {
  form.addEventListener("submit", (event) => {
    if (event.defaultPrevented) return;
    self.name = open("about:blank", name, features()) === null ? "" : opened;
  });
}

/** @type {HTMLFormElement | null} */
const onward = document.querySelector("form[data-onward]");
if (onward !== null) {
  onward.addEventListener("submit", () => { if (self.name !== opened) open("about:blank", name, features()); });
  if (self.name === opened) onward.submit();
} else if (self.name === opened) {
  // The form was refused: there is nothing to sign in to yet.
  open("", name)?.close();
}
self.name = "";

// The outcome is the server's to tell: a window that another site was shown in cannot be asked.
const wait = async () => {
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    const text = await answer.text();
    const later = answer.status === 429 || answer.status >= 500;
    if (!later && !text.includes("data-waiting")) return void location.reload();
  } catch {
    // Offline for a moment: the next one may come through, as after an answer that says "later".
  }
  setTimeout(wait, 2000);
};
if (document.querySelector("[data-waiting]") !== null) setTimeout(wait, 1000);
