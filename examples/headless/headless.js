// The hub's page as this host draws it. All that it needs is a session's token and the hub's address.
const hub = new URL("/connect", location.href).href;
const at = (id) => document.getElementById(id);
const say = (text) => { at("status").textContent = text; };

const { token } = await (await fetch("/connect-token", { method: "POST" })).json();

const call = async (method, path, body) => {
  const answer = await fetch(`${hub}/hub/${path}`, {
    method,
    headers: { "content-type": "application/json", "x-hub-session-token": token },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  if (answer.status === 204) return null;
  const read = await answer.json();
  if (!answer.ok) throw new Error(read.message);
  return read;
};

const list = async () => {
  const { integrations } = await call("GET", "connectors");
  at("form").hidden = true;
  at("tools").replaceChildren(...integrations.map((integration) => {
    const item = document.createElement("li");
    const button = document.createElement("button");
    button.textContent = integration.name;
    button.disabled = !integration.active;
    button.addEventListener("click", () => pick(integration));
    item.append(button);
    return item;
  }));
};

let current = null;

const pick = async (integration) => {
  const { config } = await call("GET", `connectors/${integration.integration_id}`);
  current = { integration, config };
  say("");
  at("tool").textContent = config.name;
  at("fields").replaceChildren(...config.configFields.map((field) => {
    const label = document.createElement("label");
    const input = document.createElement(field.type === "text_area" ? "textarea" : field.type === "select" ? "select" : "input");
    for (const { label: text, value } of field.options ?? []) input.append(new Option(text, value));
    if (input instanceof HTMLInputElement) input.type = field.type;
    input.name = field.key;
    input.required = field.required;
    input.value = field.value ?? "";
    label.append(field.label, " ", input);
    return label;
  }));
  at("form").hidden = false;
};

// The provider's own sign-in needs a window, opened in the click. The token and the fields are posted into it.
const signIn = async (credentials) => {
  open("about:blank", "sign-in", "popup,width=560,height=760");
  const { id } = await call("POST", "connection_attempts", { token, provider: current.integration.provider });
  const form = document.createElement("form");
  form.method = "post";
  form.target = "sign-in";
  form.action = `${hub}/connect/oauth2/${current.integration.integration_id}`;
  const fields = Object.entries(credentials).map(([key, value]) => [`f.${key}`, value]);
  for (const [name, value] of [...fields, ["token", token], ["connection_attempt_id", id]]) {
    const input = document.createElement("input");
    Object.assign(input, { type: "hidden", name, value });
    form.append(input);
  }
  document.body.append(form);
  form.submit();
  form.remove();
  for (;;) {
    await new Promise((next) => setTimeout(next, 1000));
    const { status, account, error } = await call("GET", `connection_attempts/${id}`);
    if (status === "authenticated") return account;
    if (status !== "pending") throw new Error(error?.description ?? "Nothing was connected.");
  }
};

at("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const credentials = Object.fromEntries(new FormData(at("form")));
  const { integration, config } = current;
  say("Connecting…");
  try {
    const account = config.type === "oauth2"
      ? await signIn(credentials)
      : await call("POST", "accounts", { integration_id: integration.integration_id, credentials });
    await list();
    say(`${integration.name} is connected: ${account.id}`);
  } catch (error) {
    say(error.message);
  }
});
at("back").addEventListener("click", list);

try {
  await list();
  say("");
} catch (error) {
  say(error.message);
}
