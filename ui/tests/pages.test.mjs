// The other pages, what lines may not do, and where the page may live.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { at, browser as launch, collector, feed, newRun, open, q, until } from "./harness.mjs";

let server;
let browser;
before(async () => {
  server = await collector();
  browser = await launch();
});
after(async () => {
  await browser.close();
  await server.stop();
});

test("hostile_text_is_shown_and_does_nothing", async () => {
  const run = newRun();
  const hostile = [
    "<script>window.pwned=1</script><img src=x onerror='window.pwned=1'>",
    "\u001b[31mred\u001b[0m \u001b]0;title\u0007\u001b[2J",
    "invoice\u202efdp.exe",
    "<iframe src='//evil.invalid'></iframe><svg onload='window.pwned=1'>",
    "[x](javascript:alert(1))",
  ];
  await feed(server, hostile.map((message) => ({ message, run, level: "error", "<b>field</b>": "<i>value</i>" })));
  const { page, close } = await open(browser, server.url);
  await page.goto(at(server.url, `explore?q=${q(`run:${run}`)}&last=1h`));
  await until(async () => (await page.locator(".list .row").count()) === hostile.length, "all are there");
  const text = (await page.locator(".list .row-text").allTextContents()).join("\n");
  for (const part of ["<script>window.pwned=1</script>", "<iframe src='//evil.invalid'>", "onload='window.pwned=1'", "javascript:alert(1)", "<i>value</i>"]) assert.ok(text.includes(part), part);
  assert.equal(await page.locator(".list .mark", { hasText: "RLO" }).count(), 1);
  assert.equal(await page.locator(".list .mark", { hasText: "ESC" }).count(), 2);
  assert.equal(await page.locator(".list .fg1", { hasText: "red" }).count(), 1);
  assert.equal(await page.locator(".list :is(script, img, iframe, svg, b, i, a)").count(), 0);
  await page.locator(".list .row").first().click();
  await page.locator(".detail-text").waitFor();
  await page.locator(".fields tr", { hasText: "<b>field</b>" }).waitFor();
  assert.equal(await page.locator(".detail-text :is(script, img, iframe)").count(), 0);
  assert.equal(await page.evaluate(() => window.pwned), undefined);
  assert.match(await page.title(), /^Explore/);
  await close();
});

test("topology_shows_the_picture_and_every_peer", async () => {
  const { page, close } = await open(browser, server.url);
  await page.goto(server.url);
  await page.locator(".node.journal").waitFor();
  await page.locator(".node.pipeline").first().waitFor();
  await page.locator(".node.output").first().waitFor();
  const table = page.getByRole("table", { name: "Peers" });
  await table.locator(".table-row a").first().waitFor();
  assert.ok((await table.locator(".table-row").count()) < 80, "only what is on the screen is drawn");
  await page.getByRole("button", { name: "Lines/s" }).click();
  await until(async () => (await page.locator('[aria-sort="descending"]').textContent()).startsWith("Lines/s"), "sorted");
  const name = await table.locator(".table-row a").first().textContent();
  await page.getByRole("searchbox", { name: "Filter peers" }).fill(name);
  await until(async () => (await table.locator(".table-row").count()) >= 1 && (await table.locator(".table-row a").first().textContent()) === name, "filtered");
  await table.locator(".table-row a").first().click();
  await page.locator(".peer-page h1", { hasText: name }).waitFor();
  await page.locator(".facts dt", { hasText: "Unacked" }).waitFor();
  await close();
});

test("sql_is_answered_drawn_and_errors_are_marked", async () => {
  const run = newRun();
  await feed(server, Array.from({ length: 20 }, (_, n) => ({ message: `sql ${n}`, run, level: "info" })));
  const { page, close } = await open(browser, server.url, { allow: /400/ });
  await page.goto(at(server.url, "sql"));
  await page.locator(".editor-host .cm-content").waitFor();
  await page.getByRole("button", { name: "Run" }).click();
  const rows = page.getByRole("table", { name: "Rows" });
  await rows.locator(".table-row").first().waitFor();
  await page.getByRole("button", { name: "Bars" }).click();
  await page.locator(".sql-chart canvas").waitFor();
  await page.getByRole("button", { name: "Table" }).click();
  await rows.locator(".table-row").first().waitFor();
  await page.goto(at(server.url, `sql?sql=${q("SELECT nope FROM logs")}`));
  const failed = page.locator(".failed");
  await failed.waitFor();
  assert.match(await failed.textContent(), /column 8/);
  await page.locator(".editor-host .cm-wrong").waitFor();
  assert.equal(await page.locator(".editor-host .cm-wrong").textContent(), "nope");
  await close();
});

test("the_sql_behind_a_search_is_one_click_away", async () => {
  const { page, close } = await open(browser, server.url);
  await page.goto(at(server.url, `explore?q=${q("refused")}&last=1h`));
  await page.getByRole("button", { name: "The SQL behind this search" }).click();
  await until(async () => /#\/sql\?sql=SELECT/.test(page.url()), "the statement");
  await page.locator(".editor-host .cm-content", { hasText: "has_word" }).waitFor();
  await close();
});

test("sensors_are_plotted_and_go_on", async () => {
  await feed(server, Array.from({ length: 40 }, (_, n) => ({ message: "reading", level: "info", temp: 20 + n / 10 })));
  const { page, close } = await open(browser, server.url);
  await page.goto(at(server.url, "sensors?last=5m"));
  const sensor = page.locator(".sensor[aria-label=temp]");
  await sensor.locator("canvas").waitFor();
  await until(async () => (await sensor.locator(".chart-legend button").count()) > 0, "a peer in the legend");
  // Something is drawn where the curves are.
  await until(() => sensor.locator("canvas").evaluate((canvas) => {
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    const colours = new Set();
    for (let at = 0; at < data.length; at += 4) if (data[at + 3] > 200) colours.add(`${data[at]},${data[at + 1]},${data[at + 2]}`);
    return colours.size > 2;
  }), "a curve");
  await feed(server, Array.from({ length: 5 }, () => ({ message: "reading", level: "info", temp: 99 })));
  await until(async () => (await sensor.locator(".chart-legend b").allTextContents()).includes("99"), "the newest value");
  await close();
});

test("the_palette_goes_everywhere", async () => {
  const { page, close } = await open(browser, server.url);
  await page.goto(server.url);
  await page.locator(".table-row a").first().waitFor();
  const name = await page.locator(".table-row a").nth(3).textContent();
  await page.keyboard.press("Control+k");
  const palette = page.getByRole("dialog", { name: "Go to" });
  await palette.getByRole("combobox").pressSequentially(name);
  await palette.locator("li", { hasText: "peer of" }).filter({ hasText: name }).click();
  await page.locator(".peer-page h1", { hasText: name }).waitFor();
  await page.keyboard.press("Control+k");
  await palette.getByRole("combobox").pressSequentially("connection refused");
  await palette.locator("li", { hasText: "search for this" }).click();
  await until(async () => /#\/explore\?q=connection\+refused/.test(page.url()), "the search");
  await close();
});

test("the_theme_and_the_zone_are_kept", async () => {
  const { page, close } = await open(browser, server.url, { colorScheme: "dark" });
  await page.goto(server.url);
  const theme = () => page.evaluate(() => document.documentElement.dataset.theme);
  assert.equal(await theme(), "dark");
  await page.getByRole("button", { name: /^Colours/ }).click();
  await page.getByRole("button", { name: /^Colours/ }).click();
  assert.equal(await theme(), "light");
  await page.locator("body").press("u");
  await page.getByRole("button", { name: "UTC: show local times" }).waitFor();
  await page.reload();
  await page.getByRole("button", { name: "UTC: show local times" }).waitFor();
  assert.equal(await theme(), "light");
  await close();
});

test("it_works_under_a_prefix_and_asks_for_a_token", async () => {
  const other = await collector("--prefix", "/logs", "--token", "open-sesame-0123456789");
  const { page, close } = await open(browser, other.url, { allow: /401/ });
  await page.goto(other.url);
  await page.getByLabel("Token").fill("wrong");
  await page.getByRole("button", { name: "Let me in" }).click();
  await page.locator(".login [role=alert]").waitFor();
  await page.getByLabel("Token").fill("open-sesame-0123456789");
  await page.getByRole("button", { name: "Let me in" }).click();
  await page.locator(".node.journal").waitFor();
  await close();
  await other.stop();
});
