// Opens the hub inside a page of yours: Connect.start({ sessionToken, … }), or <connect-hub token="…">.
// The types are in connect.d.ts. The token goes to the hub's frame by a message, to its exact origin alone.
(() => {
  "use strict";

  // An image of the page's own that is named so would stand here instead.
  const script = document.currentScript instanceof HTMLScriptElement ? document.currentScript : null;
  const home = script?.src ? new URL(".", script.src).href : "";

  const style = (element, values) => Object.assign(element.style, values);
  const length = (value, otherwise) => (typeof value === "number" ? `${value}px` : value || otherwise);

  const frameOf = (base) => {
    const frame = document.createElement("iframe");
    frame.title = "Connect";
    frame.referrerPolicy = "strict-origin";
    style(frame, { display: "block", width: "100%", height: "20rem", border: "0", colorScheme: "normal" });
    frame.src = `${base}/embed`;
    return frame;
  };

  // A modal of the browser's own: everything behind it is inert, and the focus goes back where it was.
  const modalOf = (frame, options, leave) => {
    const dialog = document.createElement("dialog");
    const panel = document.createElement("div");
    dialog.setAttribute("aria-label", frame.title);
    style(dialog, {
      position: "fixed", inset: "0", boxSizing: "border-box", width: "100%", maxWidth: "none", height: "100%",
      maxHeight: "none", margin: "0", padding: "0", border: "0", overflow: "auto", background: "rgb(12 14 18 / 55%)",
    });
    style(panel, {
      position: "relative", boxSizing: "border-box", width: "min(100%, 32rem)", margin: "0 auto", overflow: "hidden",
      borderRadius: "1rem", background: options.bgColor || "Canvas", boxShadow: "0 1.5rem 4rem rgb(0 0 0 / 35%)",
      colorScheme: "light dark",
    });
    // On a phone the whole screen, otherwise a card that is as high as what it shows.
    const narrow = matchMedia("(max-width: 33rem)");
    const fit = (height) => {
      const most = narrow.matches ? "100dvh" : "calc(100dvh - 4rem)";
      style(panel, narrow.matches ? { margin: "0", borderRadius: "0" } : { margin: "2rem auto", borderRadius: "1rem" });
      style(frame, { height: narrow.matches ? most : `min(${height}px, ${most})` });
    };
    fit(320);
    panel.append(frame);
    if (options.close !== false) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = "\u00d7";
      button.setAttribute("aria-label", "Close");
      style(button, {
        position: "absolute", insetBlockStart: "0.75rem", insetInlineEnd: "0.625rem", width: "2.75rem", height: "2.75rem",
        padding: "0", border: "0", borderRadius: "0.5rem", background: "none", color: "GrayText", cursor: "pointer",
        font: "1.5rem/1 system-ui, sans-serif",
      });
      button.addEventListener("click", leave);
      panel.append(button);
    }
    dialog.addEventListener("cancel", (event) => { event.preventDefault(); leave(); });
    dialog.append(panel);
    document.body.append(dialog);
    dialog.showModal();
    return { element: dialog, fit, end: () => { dialog.close(); dialog.remove(); } };
  };

  const inlineOf = (frame, inline, container) => {
    const fixed = length(inline.height, "");
    style(frame, { width: length(inline.width, "100%"), height: fixed || "20rem" });
    container.append(frame);
    return { element: frame, fit: (height) => { if (!fixed) style(frame, { height: `${height}px` }); }, end: () => frame.remove() };
  };

  let modal = null;

  const open = (given, container = null) => {
    const { sessionToken, apiUrl, styles = {}, onSuccess, onCancel, onClose } = given ?? {};
    if (typeof sessionToken !== "string" || sessionToken === "") throw new TypeError("Connect.start: sessionToken is missing");
    const base = (apiUrl || home).replace(/\/+$/, "");
    if (base === "") throw new TypeError("Connect.start: apiUrl is missing, the hub's address");
    const { origin, protocol } = new URL(base, location.href);
    if (!/^https?:$/.test(protocol)) throw new TypeError("Connect.start: apiUrl is not a web address");
    const options = styles.options ?? {};
    const inline = container ? (styles.inline ?? {}) : styles.inline;
    const place = container ?? (inline && document.getElementById(inline.containerId));
    if (inline && !place) throw new TypeError(`Connect.start: there is no element with the id ${inline.containerId}`);

    const frame = frameOf(base);
    const linked = new Set();
    let over = false;
    const leave = () => {
      if (over) return;
      over = true;
      clearTimeout(silence);
      removeEventListener("message", heard);
      shown.end();
      if (modal === leave) modal = null;
      if (linked.size === 0) onCancel?.();
      onClose?.();
    };
    const say = (message) => frame.contentWindow?.postMessage({ connectHub: 1, ...message }, origin);
    const heard = ({ data, origin: from, source }) => {
      if (from !== origin || source !== frame.contentWindow || data?.connectHub !== 1) return;
      clearTimeout(silence);
      if (data.type === "start") say({ type: "token", token: sessionToken });
      else if (data.type === "resize" && data.height > 0) shown.fit(Math.ceil(data.height));
      else if (data.type === "close" || (data.type === "escape" && !inline)) leave();
      else if (data.type === "success" && !linked.has(data.attempt)) {
        linked.add(data.attempt);
        onSuccess?.({ id: data.account.id, provider: data.account.provider });
      }
    };
    addEventListener("message", heard);
    frame.addEventListener("load", () => say({ type: "hello", back: options.back !== false, background: options.bgColor || "" }));
    if (!inline) modal?.();
    const shown = inline ? inlineOf(frame, inline, place) : modalOf(frame, options, leave);
    if (!inline) modal = leave;
    const silence = setTimeout(() => {
      console.error(`Connect: the hub at ${base} does not answer. Is ${location.origin} one of its embed_origins?`);
    }, 15000);
    return { close: leave };
  };

  globalThis.Connect = { start: (options) => open(options) };

  if (!customElements.get("connect-hub")) {
    customElements.define("connect-hub", class extends HTMLElement {
      static observedAttributes = ["token"];

      connectedCallback() {
        const token = this.getAttribute("token");
        if (this.hub || !this.isConnected || !token) return;
        const tell = (name, detail) => this.dispatchEvent(new CustomEvent(name, { bubbles: true, composed: true, detail }));
        style(this, { display: "block" });
        const hub = this.hub = open({
          sessionToken: token,
          apiUrl: this.getAttribute("hub-url") ?? undefined,
          styles: {
            inline: { width: this.getAttribute("width"), height: this.getAttribute("height") },
            options: { back: this.getAttribute("back") !== "false", bgColor: this.getAttribute("background") },
          },
          onSuccess: (account) => tell("success", account),
          onCancel: () => tell("cancel"),
          onClose: () => { if (this.hub === hub) this.hub = null; tell("close"); },
        }, this);
      }

      disconnectedCallback() {
        this.hub?.close();
      }

      attributeChangedCallback(_name, before, after) {
        if (before === after || !this.isConnected) return;
        this.hub?.close();
        this.connectedCallback();
      }
    });
  }
})();
