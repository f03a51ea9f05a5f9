// Drives @stackone/stackone-client-ts, unmodified, against the base URL and key in CONNECT_HUB_URL and CONNECT_HUB_API_KEY.
//
// One JSON line in: {"call": "accounts.getAccount", "arguments": {...}, "api_key"?: "…"}; names and arguments are the SDK's own.
// One JSON line out, of what the SDK made of the answer:
//   {"ok": true, "status": 201, "value": …}                                   the parsed result, dates as ISO 8601
//   {"ok": false, "error": "NotFoundResponse", "status": 404, "message": …, "cause": …, "headers": {…}, "body": "…"}
// "error" is the class that a caller would catch; status, headers and body are null where no answer was read.
import { createInterface } from 'node:readline';
import sdk from '@stackone/stackone-client-ts';

const serverURL = process.env.CONNECT_HUB_URL;
const operations = {
  'connectSessions.createConnectSession': 'ConnectSessionTokenAuthLink',
  'connectSessions.authenticateConnectSession': 'ConnectSession',
  'accounts.listLinkedAccounts': 'classes',
  'accounts.getAccount': 'LinkedAccount',
  'accounts.getAccountMetaInfo': 'LinkedAccountMeta',
  'accounts.updateAccount': 'LinkedAccount',
  'accounts.deleteAccount': 'LinkedAccount',
  'connectors.listConnectorsMeta': 'classes',
  'connectors.getConnectorMeta': 'ConnectorsMeta',
};

function refusal(error) {
  return {
    ok: false,
    error: error.constructor.name,
    status: error.statusCode ?? null,
    message: error.message,
    cause: error.cause === undefined ? null : String(error.cause),
    headers: error.headers === undefined ? null : Object.fromEntries(error.headers),
    body: error.body ?? null,
  };
}

async function run({ call, arguments: given, api_key: key = process.env.CONNECT_HUB_API_KEY }) {
  const [group, name] = call.split('.');
  const client = new sdk.StackOne({
    serverURL,
    security: { username: key, password: '' },
    // By default the SDK repeats 408, 429 and refused connections for an hour.
    retryConfig: { strategy: 'none' },
    timeoutMs: 20_000,
  });
  try {
    const answer = await client[group][name](given);
    const value = Object.entries(answer).find(([key]) => key.toLowerCase() === operations[call].toLowerCase())?.[1];
    return { ok: true, status: answer.statusCode, value };
  } catch (error) {
    return refusal(error);
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await run(JSON.parse(line)))}\n`);
}
