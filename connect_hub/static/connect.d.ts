// Types of connect.js: copy this file into your project, or refer to it where the hub serves it.

/** An account that was connected. */
export interface ConnectAccount {
  /** Its id in the REST API. */
  id: string;
  /** The key of its connector, such as "bamboohr". */
  provider: string;
}

export interface ConnectError {
  /** A stable code, such as "link_expired". */
  code: string;
}

export interface ConnectStyles {
  /** Put the hub into this element instead of a modal. Lengths are numbers of pixels, or of CSS ("60vh"). Without
   * a height it is as high as what it shows. */
  inline?: { containerId: string; width?: string | number; height?: string | number };
  options?: {
    /** false: no way back to the list of tools. */
    back?: boolean;
    /** false: the modal has no button to close it; Escape closes it all the same. */
    close?: boolean;
    /** The background, any CSS colour. */
    bgColor?: string;
  };
}

export interface ConnectOptions {
  /** The token of a connect session, made on your server. */
  sessionToken: string;
  /** The hub's address; by default where connect.js was loaded from. */
  apiUrl?: string;
  styles?: ConnectStyles;
  /** An account was connected; called once for each. */
  onSuccess?(account: ConnectAccount): void;
  /** The hub shows that it cannot go on: the code of its error, or "no_answer" where no hub is to be seen.
   * With link_expired, link_used or link_revoked the token is of no use any more: close, and begin with another. */
  onError?(error: ConnectError): void;
  /** The hub was closed and nothing had been connected. */
  onCancel?(): void;
  /** The hub was closed, after onCancel where that is called. */
  onClose?(): void;
}

export interface ConnectGlobal {
  /** Opens the hub. Throws a TypeError that names the option that is wrong. */
  start(options: ConnectOptions): { close(): void };
}

/** `<connect-hub token="…" hub-url="…" width="…" height="…" back="false" background="…">`. */
export interface ConnectHubAttributes {
  token?: string;
  "hub-url"?: string;
  width?: string | number;
  height?: string | number;
  back?: "true" | "false";
  background?: string;
}

/** The element that `<connect-hub>` is. */
export interface ConnectHubElement extends HTMLElement {
  addEventListener(type: "success", listener: (event: CustomEvent<ConnectAccount>) => void): void;
  addEventListener(type: "error", listener: (event: CustomEvent<ConnectError>) => void): void;
  addEventListener(type: "cancel" | "close", listener: (event: CustomEvent<null>) => void): void;
  addEventListener(type: string, listener: EventListenerOrEventListenerObject, options?: boolean | AddEventListenerOptions): void;
}

declare global {
  const Connect: ConnectGlobal;
  interface Window {
    Connect: ConnectGlobal;
  }
  /** For frameworks that look here; React 19 looks into "react": see docs/embedding.md. */
  namespace JSX {
    interface IntrinsicElements {
      "connect-hub": ConnectHubAttributes & Record<string, unknown>;
    }
  }
  interface HTMLElementTagNameMap {
    "connect-hub": ConnectHubElement;
  }
}
