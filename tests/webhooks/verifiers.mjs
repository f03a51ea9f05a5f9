// Judges deliveries with what receivers in JavaScript use: the npm packages standardwebhooks and svix as they are, and
// Node's own createHmac for the header that StackOne documents. One JSON line in, one out; ends with its input.
import { createHmac } from "node:crypto";
import { createInterface } from "node:readline";
import { Webhook as StandardWebhook } from "standardwebhooks";
import { Webhook as SvixWebhook } from "svix";

const verifiers = {
  standardwebhooks: ({ secret, body, headers }) => new StandardWebhook(secret).verify(body, headers),
  svix: ({ secret, body, headers }) => new SvixWebhook(secret).verify(body, headers),
  createHmac: ({ secret, body, headers }) => {
    const digest = createHmac("sha256", secret).update(body).digest("base64url");
    if (digest !== headers["x-stackone-signature"]) throw new Error("No matching signature found");
    return JSON.parse(body.toString("utf8"));
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const { verifier, secret, body, headers } = JSON.parse(line);
  let answer;
  try {
    answer = { event: verifiers[verifier]({ secret, body: Buffer.from(body, "base64"), headers }) };
  } catch (error) {
    answer = { refused: error.message };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
