// For everybody: no page has a fault that a machine can find, and what a mouse can do, keys can.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { at, browser as launch, collector, feed, newRun, open, q, until } from "./harness.mjs";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const run = newRun();
let server;
let browser;
before(async () => {
  server = await collector();
  browser = await launch();
  const now = Date.now();
  await feed(server, Array.from({ length: 80 }, (_, n) => ({ time: new Date(now - (80 - n) * 3000).toISOString(), level: ["fatal", "error", "warn", "notice", "info", "debug", "trace"][n % 7], message: `line ${n} of this test`, run, service: n % 2 ? "web" : "db", nested: { a: [n] }, temp: n / 3 })));
});
after(async () => {
  await browser.close();
  await server.stop();
});

const found = `explore?q=${q(`run:${run} test`)}&last=1h`;
const PAGES = {
  topology: async (page) => { await page.goto(at(server.url, "topology")); await page.locator(".table-row a").first().waitFor(); await page.locator(".node.output").first().waitFor(); },
  peer: async (page) => { await PAGES.topology(page); await page.locator(".table-row a").first().click(); await page.locator(".facts dd").first().waitFor(); },
  explore: async (page) => { await page.goto(at(server.url, found)); await page.locator(".list .row").first().waitFor(); await page.locator(".histogram-total b").waitFor(); },
  record: async (page) => { await PAGES.explore(page); await page.locator(".list .row").last().click(); await page.locator(".detail .fields").waitFor(); await page.keyboard.press("c"); await page.locator(".neighbours .row").first().waitFor(); },
  live: async (page) => { await page.goto(at(server.url, `explore?q=${q(`run:${run}`)}&live=1`)); await page.locator(".live-state.live").waitFor(); await page.locator(".list .row").first().waitFor(); await page.keyboard.press("p"); await page.locator(".new-lines").waitFor(); },
  wrong: async (page) => { await page.goto(at(server.url, `explore?q=${q("level:error status:")}`)); await page.locator(".search-wrong").waitFor(); },
  saved: async (page) => { await PAGES.explore(page); await page.getByRole("button", { name: "Saved searches" }).click(); await page.getByLabel("Name of this search").fill("mine"); await page.getByRole("button", { name: "Save", exact: true }).click(); await page.getByRole("button", { name: "Forget mine" }).waitFor(); },
  columns: async (page) => { await PAGES.explore(page); await page.getByRole("button", { name: "Columns", exact: true }).click(); await page.locator(".column-menu").waitFor(); },
  range: async (page) => { await PAGES.explore(page); await page.getByRole("button", { name: "Time range" }).click(); await page.locator(".range").waitFor(); },
  sql: async (page) => { await page.goto(at(server.url, "sql")); await page.locator(".cm-content").waitFor(); await page.getByRole("button", { name: "Run" }).click(); await page.locator(".table-row").first().waitFor(); },
  chart: async (page) => { await PAGES.sql(page); await page.getByRole("button", { name: "Bars" }).click(); await page.locator(".sql-chart canvas").waitFor(); },
  sensors: async (page) => { await page.goto(at(server.url, "sensors?last=1h")); await page.locator(".sensor canvas").first().waitFor(); await page.locator(".chart-legend button").first().waitFor(); },
  help: async (page) => { await PAGES.explore(page); await page.keyboard.press("?"); await page.getByRole("dialog", { name: "Help" }).waitFor(); },
  palette: async (page) => { await PAGES.explore(page); await page.keyboard.press("Control+k"); await page.locator(".palette li").first().waitFor(); },
};

// What differs between them is looked at in each: colours, and what a narrow screen puts elsewhere.
for (const [colorScheme, width, names] of [["dark", 1280, Object.keys(PAGES)], ["light", 1280, ["topology", "record", "chart", "sensors"]], ["light", 420, ["topology", "record", "saved", "sql"]]]) {
  test(`no_page_has_a_fault_${colorScheme}_${width}`, async () => {
    const faults = [];
    for (const name of names) {
      const { page, close } = await open(browser, server.url, { colorScheme, viewport: { width, height: 800 }, allow: /400/ });
      await PAGES[name](page);
      await page.evaluate(axe);
      const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"], runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }));
      for (const { id, help, nodes } of violations) faults.push(`${name}: ${id}: ${help}: ${nodes.slice(0, 4).map((node) => `${node.html.slice(0, 160)} ${node.any.concat(node.all)[0]?.message ?? ""}`).join(" | ")}`);
      await close();
    }
    assert.deepEqual(faults, []);
  });
}

test("the_tab_key_reaches_everything_and_shows_where_it_is", async () => {
  for (const name of ["topology", "record", "sql", "sensors"]) {
    const { page, close } = await open(browser, server.url);
    await PAGES[name](page);
    await page.evaluate(() => { document.activeElement?.blur(); });
    // What can be used, as far as it is drawn; of a group of rows one is enough, since arrow keys go on from there.
    const wanted = await page.evaluate(() => {
      const all = [...document.querySelectorAll('button, a[href], input, [tabindex="0"]')].filter((each) => !each.disabled && each.checkVisibility() && !each.closest(".table-rows"));
      all.forEach((each, n) => { each.dataset.wanted = String(n); });
      return all.length;
    });
    const seen = new Set();
    const unseen = [];
    for (let n = 0; n < wanted + 60 && seen.size < wanted; n += 1) {
      await page.keyboard.press("Tab");
      const here = await page.evaluate(() => {
        const element = document.activeElement;
        if (!element || element === document.body) return null;
        const style = getComputedStyle(element);
        const around = getComputedStyle(element.closest(".search-box, .editor-host, .palette") ?? element);
        const visible = style.outlineStyle !== "none" || around.boxShadow !== "none" || element.matches("canvas");
        return { wanted: element.dataset.wanted, visible, what: element.outerHTML.slice(0, 120) };
      });
      if (!here) continue;
      if (here.wanted !== undefined) seen.add(here.wanted);
      if (!here.visible) unseen.push(here.what);
      // The editor keeps the tab key for itself until Escape.
      if (/editor-host/.test(here.what)) await page.keyboard.press("Escape");
    }
    const missed = await page.evaluate((reached) => [...document.querySelectorAll("[data-wanted]")].filter((each) => !reached.includes(each.dataset.wanted)).map((each) => each.outerHTML.slice(0, 120)), [...seen]);
    assert.deepEqual(missed, [], name);
    assert.deepEqual(unseen, [], name);
    await close();
  }
});

test("keys_alone_add_a_column_widen_it_and_look_around_a_record", async () => {
  const { page, close } = await open(browser, server.url);
  await PAGES.explore(page);
  const edge = page.getByRole("separator", { name: "Width of peer" });
  const wide = () => page.locator(".list .row-cell").first().evaluate((cell) => cell.getBoundingClientRect().width);
  const before = await wide();
  await edge.focus();
  for (let n = 0; n < 4; n += 1) await page.keyboard.press("ArrowRight");
  await until(async () => Math.abs((await wide()) - before - 64) < 2, "the column is wider");
  await page.keyboard.press("Home");
  await until(async () => Math.abs((await wide()) - before) < 2, "the column is as it was");
  await page.locator("body").press("k");
  await page.keyboard.press("Enter");
  await page.locator(".detail .fields").waitFor();
  await page.keyboard.press("c");
  const around = page.getByRole("listbox", { name: "Lines around it" });
  await around.locator(".row").first().waitFor();
  const here = await page.locator(".detail-text").textContent();
  await around.focus();
  await page.keyboard.press("ArrowUp");
  await page.keyboard.press("Enter");
  await until(async () => (await page.locator(".detail-text").textContent()) !== here, "the record before it");
  await close();
});
