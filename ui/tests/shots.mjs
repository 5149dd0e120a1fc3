// Takes pictures of every page, in both themes and two sizes.
//     CATCHMENT_UI_URL=http://127.0.0.1:8787/ node tests/shots.mjs DIRECTORY [PAGE...]
import { mkdirSync } from "node:fs";
import { chromium } from "playwright-core";

const [directory, ...only] = process.argv.slice(2);
const base = process.env.CATCHMENT_UI_URL ?? "http://127.0.0.1:8787/";
mkdirSync(directory, { recursive: true });

const settle = async (page) => { await page.waitForLoadState("load"); await page.waitForTimeout(2500); };
const PAGES = {
  topology: async (page) => { await page.goto(`${base}#/topology`); await settle(page); await page.waitForTimeout(4500); },
  peer: async (page) => {
    await page.goto(`${base}#/topology`);
    await page.locator(".table-row a").first().click();
    await settle(page);
  },
  explore: async (page) => { await page.goto(`${base}#/explore?last=1h`); await settle(page); },
  detail: async (page) => {
    await page.goto(`${base}#/explore?last=1h&q=${encodeURIComponent("level:>=warn service:*")}`);
    await settle(page);
    await page.locator(".row").last().click();
    await page.waitForTimeout(300);
    await page.keyboard.press("c");
    await page.waitForTimeout(1200);
  },
  live: async (page) => { await page.goto(`${base}#/explore?live=1`); await settle(page); await page.waitForTimeout(2000); },
  wrap: async (page) => {
    await page.goto(`${base}#/explore?last=6h&q=${encodeURIComponent("long OR bold OR terminal OR invoice OR zero")}`);
    await settle(page);
    await page.locator("body").press("x");
    await page.waitForTimeout(800);
    await page.locator("body").press("x");
    await page.waitForTimeout(100);
    await page.locator("body").press("x");
    await page.waitForTimeout(500);
  },
  error: async (page) => { await page.goto(`${base}#/explore?q=${encodeURIComponent("level:error (service:checkout OR status:")}`); await settle(page); },
  sql: async (page) => { await page.goto(`${base}#/sql`); await settle(page); await page.getByRole("button", { name: "Run" }).click(); await page.waitForTimeout(1200); },
  chart: async (page) => { await PAGES.sql(page); await page.getByRole("button", { name: "Bars" }).click(); await page.waitForTimeout(800); },
  sensors: async (page) => { await page.goto(`${base}#/sensors`); await settle(page); await page.waitForTimeout(2500); },
  help: async (page) => { await page.goto(`${base}#/explore`); await settle(page); await page.locator("body").press("?"); await page.waitForTimeout(300); },
};

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });
for (const colorScheme of ["dark", "light"]) {
  for (const [width, height] of [[1440, 900], [420, 800]]) {
    for (const name of only.length > 0 ? only : Object.keys(PAGES)) {
      const context = await browser.newContext({ viewport: { width, height }, colorScheme, timezoneId: "Europe/Berlin" });
      const page = await context.newPage();
      page.on("console", (message) => { if (message.type() === "error" || message.type() === "warning") console.log(`${name}: ${message.text()}`); });
      page.on("pageerror", (error) => console.log(`${name}: ${error.stack}`));
      try {
        await PAGES[name](page);
      } catch (error) {
        console.log(`${name} ${colorScheme} ${width}: ${error.message}`);
      }
      await page.screenshot({ path: `${directory}/${name}-${colorScheme}-${width}.png` });
      await context.close();
    }
  }
}
await browser.close();
