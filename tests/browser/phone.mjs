// Drives the page of `rejoinder dev` in headless Chromium: node phone.mjs ADDRESS FOLDER-FOR-SCREENSHOTS
// Fails on the first thing that a person would call broken: a missing reply, an error in the console, a page that
// scrolls sideways, or an accessibility violation.
import { strict as assert } from "node:assert";
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const [address, folder] = process.argv.slice(2);
assert.ok(address && folder, "usage: node phone.mjs ADDRESS FOLDER");
mkdirSync(folder, { recursive: true });
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
  args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
let checks = 0;
const troubles = [];

async function open(width, height, colorScheme) {
  const context = await browser.newContext({ viewport: { width, height }, colorScheme, bypassCSP: true });
  const page = await context.newPage();
  page.on("console", (message) => { if (message.type() === "error") troubles.push(message.text()); });
  page.on("pageerror", (error) => troubles.push(String(error)));
  await page.goto(address);
  await page.waitForSelector("#bot:not(:text-is('…'))");
  return page;
}

async function view(page, name) {
  const tab = page.locator(`.tabs button[data-view=${name}]`);
  if (await tab.isVisible()) await tab.click();
}

async function heard(page, text, count = 1) {
  const found = page.locator(".log .business", { hasText: text });
  await found.nth(count - 1).waitFor({ timeout: 20_000 });
  checks += 1;
}

async function add(page, name, country) {
  await view(page, "people");
  await page.fill("#name", name);
  await page.selectOption("#country", country);
  await page.click("#add button[type=submit]");
  await page.locator("#who", { hasText: name }).waitFor();
}

async function write(page, text) {
  await view(page, "chat");
  await page.fill("#text", text);
  await page.press("#text", "Enter");
}

async function inspect(page, name) {
  await page.waitForTimeout(300);
  await page.screenshot({ path: `${folder}/${name}.png` });
  const sideways = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.ok(sideways <= 0, `${name} scrolls sideways by ${sideways} px`);
  await page.evaluate(axe);
  const found = await page.evaluate(async () => (await globalThis.axe.run(document, { resultTypes: ["violations"] })).violations
    .map((one) => `${one.id}: ${one.nodes.map((node) => node.target.join(" ")).join(", ")}`));
  assert.deepEqual(found, [], `accessibility of ${name}`);
  checks += 2;
}

try {
  const page = await open(1280, 860, "light");
  await add(page, "Mona", "EG");
  await write(page, "hello");
  await heard(page, "Hi! How can we help?");
  await page.locator(".card button", { hasText: "Track an order" }).last().click();
  await heard(page, "What is your order number?");
  await write(page, "12");
  await heard(page, "An order number has 6 to 10 digits.");
  await write(page, "1234567");
  await heard(page, "We are looking for order 1234567.");
  await heard(page, "Anything else?");
  await page.locator(".why li.sent").nth(3).waitFor();
  assert.match(await page.textContent("#replies"), /^[0-9]+ of 10$/);
  assert.match(await page.locator(".log .business .meta").last().textContent(), /flows\/orders\.flow:\d+/, "each reply names its step");
  await inspect(page, "phone-1280-light");

  // A colleague answers from TikTok's app: the bot keeps silent until the release.
  await page.fill("#colleague-text", "Hi Mona, this is Karim.");
  await page.click("#colleague button");
  await heard(page, "this is Karim");
  await page.locator("#state", { hasText: /taken/i }).waitFor({ timeout: 20_000 });
  await write(page, "hello again");
  await page.waitForTimeout(1500);
  assert.equal(await page.locator(".log .business", { hasText: "Hi! How can we help?" }).count(), 1, "the bot spoke while a colleague had the conversation");
  await page.click("#release");
  await page.locator("#state", { hasNotText: /taken/i }).waitFor({ timeout: 20_000 });
  checks += 2;

  // Images, an ad, time.
  await page.click("#image");
  await page.locator(".log .customer img").waitFor();
  await page.click("#jumps button[data-ms='172800000']");
  await page.locator("#window", { hasText: "closed" }).waitFor({ timeout: 20_000 });
  checks += 2;

  // Arabic, from an ad.
  await add(page, "ليلى", "EG");
  await page.fill("#refer-id", "17890001");
  await page.click("#refer button");
  await write(page, "مرحبا");
  await heard(page, "أهلاً بك! كيف نساعدك؟");
  await write(page, "فين طلبي");
  await heard(page, "ما هو رقم طلبك؟");
  await inspect(page, "phone-1280-light-arabic");
  assert.equal(await page.textContent("#violations"), "none");
  await page.context().close();

  for (const [width, height, scheme] of [[1280, 860, "dark"], [390, 844, "light"], [390, 844, "dark"]]) {
    const other = await open(width, height, scheme);
    await other.locator(".log .business").first().waitFor({ state: "attached" });
    await view(other, "chat");
    await inspect(other, `phone-${width}-${scheme}`);
    if (width < 900) {
      await view(other, "people");
      await inspect(other, `phone-${width}-${scheme}-people`);
      await view(other, "why");
      await inspect(other, `phone-${width}-${scheme}-why`);
    }
    await other.context().close();
  }
  assert.deepEqual(troubles, [], "errors in the browser's console");
  console.log(`${checks} checks, screenshots in ${folder}`);
} finally {
  await browser.close();
}
