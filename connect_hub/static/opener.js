// The link's token stands in the fragment, which no server sees. Loaded in the head without defer: the
// address is cleared before anything else runs, and the right half of the page is drawn at once.
(() => {
  "use strict";

  const take = () => {
    const token = new URLSearchParams(location.hash.slice(1)).get("t");
    if (location.hash !== "") history.replaceState(history.state, "", location.pathname + location.search);
    return token;
  };

  /** @type {(token: string) => void} */
  const open = (token) => {
    const form = /** @type {HTMLFormElement} */ (document.querySelector("form[data-opener]"));
    const link = /** @type {HTMLInputElement} */ (form.elements.namedItem("link"));
    const field = document.createElement("input");
    field.type = "hidden";
    field.name = "token";
    field.value = token;
    form.append(field);
    link.disabled = true;
    form.submit();
    // Back may show this page again, and must not find the token in it.
    field.remove();
    link.disabled = false;
  };

  const start = () => {
    const token = take();
    if (!token) return;
    document.documentElement.dataset.opening = "";
    if (document.readyState === "loading") addEventListener("DOMContentLoaded", () => open(token), { once: true });
    else open(token);
  };

  // The same tab may be given another link while this page is open: only the fragment changes then.
  addEventListener("hashchange", start);
  addEventListener("pageshow", (event) => {
    if (event.persisted) delete document.documentElement.dataset.opening;
  });
  start();
})();
