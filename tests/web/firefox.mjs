// Plays a customer in Firefox: firefox.mjs FIREFOX LINK KEY EMBEDDING, the last a page that embeds the hub. Writes the heading of each page, and whatever the
// console said, as lines of JSON.
import puppeteer from "puppeteer-core";

const [firefox, link, key, embedding] = process.argv.slice(2);
process.stdin.on("end", () => process.exit(1)).resume();
const browser = await puppeteer.launch({ browser: "firefox", executablePath: firefox, headless: true, timeout: 60_000 });
const page = await browser.newPage();
page.setDefaultTimeout(60_000);
const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
// The provider's pages are not ours to judge.
const ours = () => page.url().startsWith(new URL(link).origin);
page.on("console", (message) => { if (message.type() === "error" && ours()) say({ console: message.text() }); });
page.on("pageerror", (error) => { if (ours()) say({ error: error.message }); });

const heading = async (text) => {
  await page.waitForFunction((t) => document.querySelector("h1")?.textContent.includes(t), {}, text);
  say({ heading: await page.$eval("h1", (h) => h.textContent.trim()), focused: await page.evaluate(() => document.activeElement.tagName) });
};

// Some buttons are a pointer's only after a moment.
const press = async (text) => {
  await page.waitForFunction(() => document.readyState === "complete" && document.querySelector("[aria-disabled]") === null);
  await page.locator(`button::-p-text(${text})`).click();
};

await page.goto(link);
await heading("Connect to");
await press("Continue");
await heading("Which tool");
await page.locator("input[type=search]").fill("acme key");
await page.keyboard.press("Enter");
await heading("Connect Acme Key");
await page.locator("input[type=password]").fill("wrong-key-0123456789");
await page.keyboard.press("Enter");
await page.waitForSelector("[role=alert]");
say({ kept: await page.$eval("input[type=password]", (i) => i.value) });
await page.locator("input[type=password]").fill(key);
await page.keyboard.press("Enter");
await heading("is connected");
await page.locator("a::-p-text(Connect another tool)").click();
await heading("Which tool");
await page.locator("a::-p-text(Acme Login)").click();
await heading("Connect Acme Login");
await press("Connect Acme Login");
await page.waitForFunction(() => !location.pathname.includes("/connect/"));
await page.locator("button").click();
await heading("Acme Login is connected");
// In a frame: the token goes with its first request, and a way back to the list sends nothing twice.
await page.goto(embedding);
const framed = async (selector) => {
  const frame = await (await page.waitForSelector("dialog iframe")).contentFrame();
  await frame.waitForSelector(selector);
  return frame;
};
const list = await framed("input[type=search]");
await list.waitForFunction(() => location.pathname.includes("/embed/visit/"));
say({ first: await list.evaluate(() => performance.getEntriesByType("navigation")[0].name) });
await list.locator("a::-p-text(Acme Key)").click();
await framed("input[type=password]");
await page.evaluate(() => history.back());
const again = await framed("input[type=search]");
say({ framed: await again.$eval("h1", (h) => h.textContent.trim()) });
await browser.close();
say({ done: true });
process.exit(0);
