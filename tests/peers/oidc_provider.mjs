// A real OAuth 2 server for the tests: npm oidc-provider on 127.0.0.1, with switches under /__test.
//
// The first argument is JSON: {"access_token_ttl": seconds, "clients": [client metadata]}. The first line written is JSON with the
// issuer. The process ends when its standard input does, so that it never outlives the test run that started it.
import http from 'node:http';

// Its notices about development defaults; standard output is for the one line that the parent reads.
for (const level of ['log', 'info', 'warn']) console[level] = (...words) => console.error(...words);

const { Provider } = await import('oidc-provider');

const given = JSON.parse(process.argv[2] ?? '{}');
const defaults = { accessTokenTtl: given.access_token_ttl ?? 3600 };
const routes = { '/token': 'token', '/token/revocation': 'revocation', '/token/introspection': 'introspection', '/me': 'userinfo', '/api/me': 'api', '/auth': 'authorization' };

let state;
const fresh = () => ({ accessTokenTtl: defaults.accessTokenTtl, requests: {}, answers: [], faults: [], hold: null, held: 0, waiters: [] });
state = fresh();

function hold() {
  if (state.hold !== null) return;
  let open;
  const gate = new Promise((resolve) => { open = resolve; });
  state.hold = { gate, open };
}

function release() {
  state.hold?.open();
  state.hold = null;
}

function tellWaiters() {
  state.waiters = state.waiters.filter(({ count, resolve }) => state.held < count || resolve());
}

const clients = new Map((given.clients ?? []).map((client) => [client.client_id, client]));

// Everything but clients lives in these maps; clients come from the one above, so that more can be added while it runs.
const rows = new Map();
class Adapter {
  constructor(model) { this.model = model; }

  key(id) { return `${this.model}:${id}`; }

  async find(id) { return this.model === 'Client' ? clients.get(id) : rows.get(this.key(id)); }

  async upsert(id, payload) { rows.set(this.key(id), payload); }

  async destroy(id) { rows.delete(this.key(id)); }

  async consume(id) { rows.get(this.key(id)).consumed = Math.floor(Date.now() / 1000); }

  async findByUid(uid) { return [...rows.values()].find((row) => row.kind === 'Session' && row.uid === uid); }

  async revokeByGrantId(grantId) {
    for (const [key, row] of rows) if (row.grantId === grantId && !key.startsWith('Session:')) rows.delete(key);
  }
}

const server = http.createServer();
await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
const issuer = `http://127.0.0.1:${server.address().port}`;

const provider = new Provider(issuer, {
  adapter: Adapter,
  scopes: ['openid', 'offline_access', 'profile', 'email', 'read', 'write'],
  claims: { openid: ['sub'], profile: ['name'], email: ['email'] },
  findAccount: (ctx, id) => ({ accountId: id, claims: () => ({ sub: id, name: id, email: `${id}@example.com` }) }),
  features: {
    devInteractions: { enabled: true },
    clientCredentials: { enabled: true },
    introspection: { enabled: true },
    revocation: { enabled: true },
  },
  pkce: { required: () => true },
  rotateRefreshToken: true,
  issueRefreshToken: (ctx, client) => client.grantTypeAllowed('refresh_token'),
  cookies: { keys: ['made up for tests'] },
  ttl: {
    AccessToken: () => state.accessTokenTtl,
    ClientCredentials: () => state.accessTokenTtl,
    RefreshToken: 14 * 86400,
    IdToken: 3600,
    Interaction: 3600,
    Session: 86400,
    Grant: 14 * 86400,
  },
});

provider.on('server_error', (ctx, error) => console.error(error));

async function resource(ctx) {
  const bearer = /^Bearer (.+)$/.exec(ctx.get('authorization'))?.[1];
  const token = bearer && (await provider.AccessToken.find(bearer) ?? await provider.ClientCredentials.find(bearer));
  if (!token) {
    ctx.status = 401;
    ctx.set('WWW-Authenticate', 'Bearer error="invalid_token"');
    ctx.body = { error: 'invalid_token' };
    return;
  }
  ctx.body = { id: token.accountId ?? token.clientId, email: `${token.accountId ?? token.clientId}@example.com`, client_id: token.clientId, scope: token.scope ?? '' };
}

provider.use(async (ctx, next) => {
  await next();
  // The sign-in and error pages would fetch a font from the internet.
  if (typeof ctx.body === 'string') ctx.body = ctx.body.replace(/@import url\(https:[^)]*\);/, '');
});

provider.use(async (ctx, next) => {
  const route = routes[ctx.path];
  if (ctx.path === '/favicon.ico') {
    ctx.status = 204;
    return;
  }
  if (route === undefined) {
    await next();
    return;
  }
  const now = state; // a reset in the meantime must not count this request
  now.requests[route] = (now.requests[route] ?? 0) + 1;
  const at = now.faults.findIndex((fault) => fault.route === route);
  const [fault] = at < 0 ? [] : now.faults.splice(at, 1);
  if (fault === undefined || fault.processed) await (route === 'api' ? resource(ctx) : next());
  if (fault !== undefined) {
    if (fault.drop) {
      ctx.respond = false;
      ctx.req.socket.destroy();
      return;
    }
    ctx.status = fault.status;
    ctx.body = fault.body;
    ctx.type = fault.content_type;
    ctx.set(fault.headers);
  }
  if (route === 'token') {
    const answer = { grant_type: ctx.oidc?.params?.grant_type ?? null, client_id: ctx.oidc?.client?.clientId ?? null, status: ctx.status, error: ctx.body?.error ?? null };
    now.answers.push(answer);
    if (now.hold !== null) {
      now.held += 1;
      tellWaiters();
      await now.hold.gate;
      now.held -= 1;
    }
  }
});

const commands = {
  'GET /__test/counts': () => ({ requests: state.requests, answers: state.answers, held: state.held }),
  'POST /__test/reset': () => {
    release();
    state.waiters.forEach(({ resolve }) => resolve());
    state = fresh();
    return {};
  },
  'POST /__test/clients': (client) => {
    clients.set(client.client_id, client);
    return {};
  },
  'POST /__test/ttl': ({ access_token: seconds }) => {
    state.accessTokenTtl = seconds;
    return {};
  },
  'POST /__test/hold': () => {
    hold();
    return {};
  },
  'POST /__test/release': () => {
    release();
    return {};
  },
  'POST /__test/held': ({ count }) => new Promise((resolve) => {
    state.waiters.push({ count, resolve: () => resolve({ held: state.held }) });
    tellWaiters();
  }),
  'POST /__test/faults': (fault) => {
    state.faults.push(...Array(fault.times).fill(fault));
    return {};
  },
};

const serve = provider.callback();
server.on('request', async (request, response) => {
  const command = commands[`${request.method} ${request.url}`];
  if (command === undefined) {
    serve(request, response);
    return;
  }
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString();
  const answer = await command(text === '' ? {} : JSON.parse(text));
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify(answer));
});

process.stdout.write(`${JSON.stringify({ issuer })}\n`);
process.stdin.on('end', () => process.exit(0)).resume();
