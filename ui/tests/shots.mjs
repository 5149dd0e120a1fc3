// Takes pictures of every page, in both themes and two sizes, for somebody to look at.
//     CATCHMENT_UI_URL=http://127.0.0.1:8787/ node tests/shots.mjs DIRECTORY [PAGE...]
import { mkdirSync } from "node:fs";
import { chromium } from "playwright-core";

const [directory, ...only] = process.argv.slice(2);
const base = process.env.CATCHMENT_UI_URL ?? "http://127.0.0.1:8787/";
mkdirSync(directory, { recursive: true });

const PATIENCE_MS = 60_000;
// So long something drawn may take to come to rest. Nothing is judged here but by people.
const REST_MS = 700;

const go = (page, place, ready) => page.goto(`${base}#/${place}`).then(() => page.locator(ready).first().waitFor());
const q = encodeURIComponent;
const PAGES = {
  topology: async (page) => { await go(page, "topology", ".table-row a"); await page.waitForTimeout(3 * REST_MS); },
  peer: async (page) => {
    await go(page, "topology?sort=lines_per_second&order=desc", ".table-row a");
    await page.locator(".table-row a").first().click();
    await page.locator(".facts dd").first().waitFor();
  },
  explore: (page) => go(page, "explore?last=1h", ".list .row"),
  detail: async (page) => {
    await go(page, `explore?last=1h&q=${q("level:>=warn")}`, ".list .row");
    await page.locator(".list .row").last().click();
    await page.locator(".detail .fields").waitFor();
    await page.keyboard.press("c");
    await page.locator(".neighbours .row").first().waitFor();
  },
  live: async (page) => { await go(page, "explore?live=1", ".live-state.live"); await page.waitForTimeout(3 * REST_MS); },
  wrap: async (page) => { await go(page, `explore?last=6h&q=${q("long OR terminal OR invoice OR zero")}`, ".list .row"); await page.locator("body").press("x"); await page.waitForTimeout(REST_MS); },
  error: (page) => go(page, `explore?q=${q("level:error (service:checkout OR status:")}`, ".search-wrong"),
  range: async (page) => { await go(page, "explore?last=1h", ".histogram-total b"); await page.getByRole("button", { name: "Time range" }).click(); },
  sql: async (page) => { await go(page, "sql", ".cm-content"); await page.getByRole("button", { name: "Run" }).click(); await page.locator(".table-row").first().waitFor(); },
  chart: async (page) => { await PAGES.sql(page); await page.getByRole("button", { name: "Bars" }).click(); await page.locator("canvas").waitFor(); },
  sensors: async (page) => { await go(page, "sensors", ".sensors"); await page.waitForTimeout(4 * REST_MS); },
  bar: async (page) => { await go(page, "explore?last=1h", ".histogram-total b"); await page.locator(".histogram-box").hover({ position: { x: 200, y: 40 } }); },
  saved: async (page) => { await go(page, `explore?last=1h&q=${q("level:error")}`, ".histogram-total b"); await page.getByRole("button", { name: "Saved searches" }).click(); await page.getByLabel("Name of this search").fill("Errors of the last hour"); await page.keyboard.press("Enter"); await page.locator(".saved-menu li").waitFor(); },
  columns: async (page) => { await go(page, "explore?last=1h&columns=peer,service,status,duration_ms", ".list .row"); await page.getByRole("button", { name: "Columns", exact: true }).click(); },
  help: async (page) => { await go(page, "explore", ".list"); await page.locator("body").press("?"); },
};

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox", "--disable-dev-shm-usage"] });

async function take(name, colorScheme, width, height) {
  const context = await browser.newContext({ viewport: { width, height }, colorScheme, timezoneId: "Europe/Berlin" });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  page.setDefaultNavigationTimeout(PATIENCE_MS);
  try {
    await PAGES[name](page);
    await page.waitForTimeout(REST_MS);
  } catch (error) {
    console.log(`${name} ${colorScheme} ${width}: ${error.message}`);
  }
  await page.screenshot({ path: `${directory}/${name}-${colorScheme}-${width}.png` });
  await context.close();
}

// All four of a page at once: most of the time they wait for something.
for (const name of only.length > 0 ? only : Object.keys(PAGES)) {
  await Promise.all(["dark", "light"].flatMap((colorScheme) => [[1440, 900], [420, 800]].map(([width, height]) => take(name, colorScheme, width, height))));
}
await browser.close();
