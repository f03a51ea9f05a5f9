// Opens the hub inside a page of yours: Connect.start({ sessionToken, … }), or <connect-hub token="…">.
// The types are in connect.d.ts. The token goes to the hub alone: in the body of a form that the frame begins with,
// or by a message to its exact origin.
(() => {
  "use strict";

  /** @typedef {import("./connect.d.ts").ConnectOptions} ConnectOptions */
  /** @typedef {{ lang: string, dir: string, title: string, close: string }} Words */
  /** @typedef {{ fit(height: number): void, speak(words: Words): void, end(): void }} Shown */

  // An image of the page's own that is named so would stand here instead.
  const script = document.currentScript;
  const home = script instanceof HTMLScriptElement && script.src ? new URL(".", script.src).href : "";

  // Until the frame is there, which then tells the words of its own language: those of the page around it.
  /** @type {Record<string, [title: string, close: string]>} */
  const WORDS = {
    en: ["Connect", "Close"],
    ar: ["الربط", "إغلاق"],
    de: ["Verbinden", "Schließen"],
    es: ["Conectar", "Cerrar"],
    fr: ["Connecter", "Fermer"],
    ja: ["接続", "閉じる"],
  };
  const guessed = () => {
    const tag = (document.documentElement.lang || navigator.language).split("-")[0].toLowerCase();
    const lang = tag in WORDS ? tag : "en";
    const [title, close] = WORDS[lang];
    return { lang, dir: lang === "ar" ? "rtl" : "ltr", title, close };
  };

  /** @type {(text: string) => TypeError} */
  const wrong = (text) => new TypeError(`Connect.start: ${text}`);

  // A name in other letters was meant; any other may be for another version of this, and is only told of.
  /** @type {(given: unknown, place: string, names: string[]) => void} */
  const check = (given, place, names) => {
    if (typeof given !== "object" || given === null) throw wrong(place ? `${place.slice(0, -1)} is no object` : "sessionToken is missing");
    for (const name of Object.keys(given)) {
      if (names.includes(name)) continue;
      if (place + name === "token") throw wrong("token is called sessionToken");
      const meant = names.find((one) => one.toLowerCase() === name.toLowerCase());
      if (meant) throw wrong(`${place}${name} is called ${meant}`);
      console.warn(`Connect.start: there is no option ${place}${name}; there are ${names.join(", ")}`);
    }
  };

  /** @type {(text: unknown) => boolean} */
  const isAddress = (text) => {
    try {
      return typeof text === "string" && /^(https?:\/\/[^/]|\/)/i.test(text) && new URL(text, location.href).host !== "";
    } catch {
      return false;
    }
  };

  /** @type {(given: ConnectOptions) => void} */
  const checkAll = (given) => {
    const calls = /** @type {const} */ (["onSuccess", "onCancel", "onClose", "onError"]);
    check(given, "", ["sessionToken", "apiUrl", "styles", ...calls]);
    for (const name of calls) {
      if (given[name] != null && typeof given[name] !== "function") throw wrong(`${name} is no function`);
    }
    const { sessionToken, apiUrl, styles } = given;
    if (typeof sessionToken !== "string" || sessionToken === "") throw wrong("sessionToken is missing");
    if (apiUrl && !isAddress(apiUrl)) throw wrong("apiUrl is not a web address");
    if (styles != null) check(styles, "styles.", ["inline", "options"]);
    if (styles?.inline != null) check(styles.inline, "styles.inline.", ["containerId", "width", "height"]);
    if (styles?.options != null) check(styles.options, "styles.options.", ["back", "close", "bgColor"]);
  };

  /** @type {(element: HTMLElement, values: Partial<CSSStyleDeclaration>) => void} */
  const style = (element, values) => void Object.assign(element.style, values);
  /** @type {(value: string | number | null | undefined, otherwise: string) => string} */
  const length = (value, otherwise) => (/^\d+(\.\d+)?$/.test(`${value}`) ? `${value}px` : `${value || otherwise}`);

  const emptyFrame = () => {
    const frame = document.createElement("iframe");
    frame.referrerPolicy = "strict-origin";
    style(frame, { display: "block", width: "100%", height: "20rem", border: "0", colorScheme: "normal" });
    return frame;
  };

  // The frame's own empty page sends the form: it needs no name that another window could have as well, and its
  // referrer policy, unlike that of the page around it, is known to tell the hub the origin. Where a policy lets
  // no form go to the hub, the frame's first page is fetched by itself and asks for the token.
  /** @type {(frame: HTMLIFrameElement, address: string, token: string) => void} */
  const begin = (frame, address, token) => {
    const empty = frame.contentDocument;
    if (!empty?.body) return void (frame.src = address);
    empty.addEventListener("securitypolicyviolation", ({ disposition }) => {
      if (disposition === "enforce") frame.src = address;
    });
    const policy = Object.assign(empty.createElement("meta"), { name: "referrer", content: "strict-origin" });
    const form = Object.assign(empty.createElement("form"), { method: "post", action: address });
    form.append(Object.assign(empty.createElement("input"), { type: "hidden", name: "token", value: token }));
    empty.body.append(policy, form);
    form.submit();
  };

  // A modal of the browser's own: everything behind it is inert, and the focus goes back where it was.
  /** @type {(frame: HTMLIFrameElement, options: { close?: boolean, bgColor?: string | null }, leave: () => void) => Shown} */
  const modalOf = (frame, options, leave) => {
    const dialog = document.createElement("dialog");
    const panel = document.createElement("div");
    const button = document.createElement("button");
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
    /** @type {Shown["fit"]} */
    const fit = (height) => {
      const most = narrow.matches ? "100dvh" : "calc(100dvh - 4rem)";
      style(panel, narrow.matches ? { margin: "0", borderRadius: "0" } : { margin: "2rem auto", borderRadius: "1rem" });
      style(frame, { height: narrow.matches ? most : `min(${height}px, ${most})` });
    };
    /** @type {Shown["speak"]} */
    const speak = ({ lang, dir, title, close }) => {
      Object.assign(dialog, { lang, dir });
      dialog.setAttribute("aria-label", frame.title = title);
      button.setAttribute("aria-label", close);
    };
    fit(320);
    speak(guessed());
    panel.append(frame);
    if (options.close !== false) {
      button.type = "button";
      button.textContent = "\u00d7";
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
    return { fit, speak, end: () => { dialog.close(); dialog.remove(); } };
  };

  /** @type {(frame: HTMLIFrameElement, inline: { width?: string | number | null, height?: string | number | null }, container: HTMLElement) => Shown} */
  const inlineOf = (frame, inline, container) => {
    const fixed = length(inline.height, "");
    style(frame, { width: length(inline.width, "100%"), height: fixed || "20rem" });
    frame.title = guessed().title;
    container.append(frame);
    return {
      fit: (height) => { if (!fixed) style(frame, { height: `${height}px` }); },
      speak: ({ title }) => { frame.title = title; },
      end: () => frame.remove(),
    };
  };

  /** @type {(() => void) | null} */
  let modal = null;

  /** @type {(given: ConnectOptions, container?: HTMLElement | null) => { close(): void }} */
  const open = (given, container = null) => {
    checkAll(given);
    const { sessionToken, apiUrl, onSuccess, onCancel, onClose, onError } = given;
    const base = (apiUrl || home).replace(/\/+$/, "");
    if (base === "") throw wrong("apiUrl is missing, the hub's address");
    const { origin } = new URL(base, location.href);
    const inline = given.styles?.inline;
    const options = given.styles?.options ?? {};
    const place = container ?? (inline ? document.getElementById(inline.containerId) : null);
    if (inline && !place) throw wrong(`there is no element with the id ${inline.containerId}`);

    const frame = emptyFrame();
    /** @type {Set<string>} */
    const linked = new Set();
    let over = false;
    let spoken = false;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let silence;
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
    /** @type {(message: object) => void} */
    const say = (message) => frame.contentWindow?.postMessage({ connectHub: 1, ...message }, origin);
    const greet = () => say({ type: "hello", back: options.back !== false, background: options.bgColor || "" });
    /** @type {(event: MessageEvent) => void} */
    const heard = ({ data, origin: from, source }) => {
      if (from !== origin || source !== frame.contentWindow || data?.connectHub !== 1) return;
      spoken = true;
      clearTimeout(silence);
      if (data.type === "ready") greet();
      else if (data.type === "start") say({ type: "token", token: sessionToken });
      else if (data.type === "words") shown.speak(data.words);
      else if (data.type === "resize" && data.height > 0) shown.fit(Math.ceil(data.height));
      else if (data.type === "close" || (data.type === "escape" && !place)) leave();
      else if (data.type === "success" && !linked.has(data.attempt)) {
        linked.add(data.attempt);
        onSuccess?.({ id: data.account.id, provider: data.account.provider });
      } else if (data.type === "problem") onError?.({ code: String(data.code) });
    };
    addEventListener("message", heard);
    /** @type {(delay: number) => void} */
    const listen = (delay) => {
      clearTimeout(silence);
      silence = setTimeout(() => {
        console.error(`Connect: the hub at ${base} does not answer. Is ${location.origin} one of its embed_origins?`);
        onError?.({ code: "no_answer" });
      }, delay);
    };
    // A page of the frame says that it is ready, unless it cannot know who stands around it. What a browser shows
    // instead of a page that may not stand here is loaded as well, and says nothing.
    frame.addEventListener("load", () => {
      if (frame.contentDocument?.URL === "about:blank") return;
      greet();
      if (!spoken && !over) listen(4000);
    });
    listen(20000);
    if (!place) modal?.();
    const shown = place ? inlineOf(frame, inline ?? {}, place) : modalOf(frame, options, leave);
    if (!place) modal = leave;
    begin(frame, `${base}/embed`, sessionToken);
    return { close: leave };
  };

  /** @type {import("./connect.d.ts").ConnectGlobal} */
  const Connect = { start: (options) => open(options) };
  Object.assign(globalThis, { Connect });

  if (!customElements.get("connect-hub")) {
    customElements.define("connect-hub", class extends HTMLElement {
      static observedAttributes = ["token"];

      /** @type {{ close(): void } | null} */
      hub = null;

      connectedCallback() {
        const token = this.getAttribute("token");
        if (this.hub || !this.isConnected || !token) return;
        // A window takes what is called "error" and comes up to it for an error of a script.
        /** @type {(name: string, detail?: object) => void} */
        const tell = (name, detail) => {
          const bubbles = name !== "error";
          this.dispatchEvent(new CustomEvent(name, { bubbles, composed: bubbles, detail }));
        };
        style(this, { display: "block" });
        const hub = this.hub = open({
          sessionToken: token,
          apiUrl: this.getAttribute("hub-url") ?? undefined,
          styles: {
            inline: {
              containerId: "", width: this.getAttribute("width") ?? undefined, height: this.getAttribute("height") ?? undefined,
            },
            options: { back: this.getAttribute("back") !== "false", bgColor: this.getAttribute("background") ?? undefined },
          },
          onSuccess: (account) => tell("success", account),
          onCancel: () => tell("cancel"),
          onError: (error) => tell("error", error),
          onClose: () => { if (this.hub === hub) this.hub = null; tell("close"); },
        }, this);
      }

      disconnectedCallback() {
        this.hub?.close();
      }

      /** @type {(name: string, before: string | null, after: string | null) => void} */
      attributeChangedCallback(_name, before, after) {
        if (before === after || !this.isConnected) return;
        this.hub?.close();
        this.connectedCallback();
      }
    });
  }
})();
