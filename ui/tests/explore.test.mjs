// Searching: what is found, what is wrong with a search, ranges, links, keys.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { at, browser as launch, collector, feed, newRun, open, q, until } from "./harness.mjs";

const run = newRun();
const LINES = 300;
let server;
let browser;

before(async () => {
  server = await collector();
  browser = await launch();
  const now = Date.now();
  await feed(server, Array.from({ length: LINES }, (_, n) => ({
    time: new Date(now - (LINES - n) * 2000).toISOString(), level: n % 10 === 0 ? "error" : n % 7 === 0 ? "warn" : "info", message: `line ${n} of this test`, run, service: n % 2 ? "web" : "db",
  })));
});
after(async () => {
  await browser.close();
  await server.stop();
});

const explore = (more = "") => at(server.url, `explore?q=${q(`run:${run}`)}&last=15m${more}`);
const shown = (page) => page.locator(".list .row").first().waitFor();

test("what_was_sent_is_found_and_counted", async () => {
  const { page, close } = await open(browser, server.url);
  await page.goto(explore());
  await shown(page);
  await until(async () => (await page.locator(".histogram-total").textContent()).startsWith(String(LINES)), "the histogram counts all");
  assert.match(await page.locator(".list .row").last().textContent(), /line 299 of this test/);
  await close();
});

test("brushing_the_histogram_changes_the_range", async () => {
  const { page, close } = await open(browser, server.url);
  await page.goto(explore());
  await shown(page);
  await until(async () => (await page.locator(".histogram-total").textContent()).startsWith(String(LINES)), "the histogram counts all");
  const box = await page.locator(".histogram-box").boundingBox();
  await page.mouse.move(box.x + box.width * 0.5, box.y + 40);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.6, box.y + 40, { steps: 4 });
  await page.mouse.move(box.x + box.width * 0.7, box.y + 40);
  await page.mouse.up();
  await until(async () => /[?&]from=.*&to=/.test(page.url()), "the address has the range");
  const total = await until(async () => { const many = Number((await page.locator(".histogram-total b").textContent()).replace(/\D/g, "")); return many < LINES && many > 0 ? many : 0; }, "fewer lines");
  assert.ok(total < LINES / 2, `${total} lines`);
  assert.doesNotMatch(await page.locator(".range-text").textContent(), /^Last/);
  await close();
});

test("an_error_is_shown_at_its_column", async () => {
  const { page, close } = await open(browser, server.url, { allow: /400/ });
  await page.goto(at(server.url, `explore?q=${q("level:error status:")}`));
  const wrong = page.locator(".search-wrong");
  await wrong.waitFor();
  assert.match(await wrong.textContent(), /Column 20: /);
  const [text, caret] = (await wrong.locator("pre").textContent()).split("\n");
  assert.equal(text, "level:error status:");
  assert.equal(caret.indexOf("^"), 19);
  assert.equal(await page.locator("input[aria-label=Search]").getAttribute("aria-invalid"), "true");
  assert.equal(await page.locator(".token-wrong").count(), 1);
  await close();
});

test("a_link_opens_the_same_row", async () => {
  const { page, close } = await open(browser, server.url, { permissions: ["clipboard-read", "clipboard-write"] });
  await page.goto(explore());
  await shown(page);
  // One that is not among the first that a search shows.
  await page.locator("body").press("g");
  await page.locator(".row", { hasText: "line 20 of this test" }).click();
  await page.locator(".detail").waitFor();
  await page.getByRole("button", { name: "Copy a link to this record" }).click();
  const link = await until(() => page.evaluate(() => navigator.clipboard.readText()), "a link in the clipboard");
  assert.match(link, /from=.*to=.*at=\d+/);
  const second = await open(browser, server.url);
  await second.page.goto(link);
  const row = second.page.locator('.row[aria-selected="true"]').first();
  await row.waitFor();
  assert.match(await row.textContent(), /line 20 of this test/);
  const box = await row.boundingBox();
  const list = await second.page.locator(".list").boundingBox();
  assert.ok(box.y >= list.y && box.y + box.height <= list.y + list.height, "the row is in sight");
  assert.match(await second.page.locator(".detail-text").textContent(), /line 20 of this test/);
  await second.close();
  await close();
});

test("a_link_to_a_record_that_is_gone_says_so", async () => {
  const { page, close } = await open(browser, server.url, { allow: /404/ });
  await page.goto(explore("&at=1"));
  await page.locator(".banner", { hasText: "not there any more" }).waitFor();
  await shown(page);
  await close();
});

test("facets_add_and_exclude", async () => {
  const { page, close } = await open(browser, server.url);
  await page.goto(explore());
  await page.locator(".facet[aria-label=level] .facet-pick", { hasText: "error" }).click();
  await until(async () => (await page.locator("input[aria-label=Search]").inputValue()) === `run:${run} level:error`, "the filter is added");
  await until(async () => (await page.locator(".histogram-total").textContent()).startsWith("30 "), "only errors");
  await page.getByRole("button", { name: "Without level = error" }).click();
  await until(async () => (await page.locator("input[aria-label=Search]").inputValue()) === `run:${run} -level:error`, "the opposite takes its place");
  await until(async () => (await page.locator(".histogram-total").textContent()).startsWith("270 "), "all others");
  await close();
});

test("names_and_values_are_completed", async () => {
  const { page, close } = await open(browser, server.url);
  await page.goto(explore());
  await shown(page);
  const input = page.locator("input[aria-label=Search]");
  await page.locator(".facet-more li").first().waitFor();
  await input.fill("");
  await input.pressSequentially("serv");
  await page.locator(".choices li", { hasText: "service:" }).first().waitFor();
  await input.press("Tab");
  assert.equal(await input.inputValue(), "service:");
  await page.locator(".choices li", { hasText: "web" }).first().waitFor();
  await input.pressSequentially("we");
  await until(async () => (await page.locator(".choices li").first().textContent()).startsWith("web"), "values that begin so");
  await input.press("Tab");
  assert.equal(await input.inputValue(), "service:web ");
  await close();
});

test("everything_can_be_done_with_keys", async () => {
  const { page, close } = await open(browser, server.url, { permissions: ["clipboard-read", "clipboard-write"] });
  await page.goto(explore());
  await shown(page);
  const body = page.locator("body");
  const selected = () => page.locator('.list .row[aria-selected="true"]').textContent();
  await body.press("j");
  assert.match(await selected(), /line 299/);
  await body.press("k");
  assert.match(await selected(), /line 298/);
  await body.press("E");
  assert.match(await selected(), /line 290/);
  await body.press("W");
  assert.match(await selected(), /line 287/);
  await body.press("w");
  await body.press("g");
  assert.match(await selected(), /line 0 /);
  await body.press("Enter");
  await page.locator(".detail").waitFor();
  await body.press("c");
  await page.locator(".neighbours .row").first().waitFor();
  await body.press("y");
  assert.equal(await until(() => page.evaluate(() => navigator.clipboard.readText()), "the line in the clipboard"), "line 0 of this test");
  await body.press("Escape");
  assert.equal(await page.locator(".detail").count(), 0);
  await body.press("?");
  await page.getByRole("dialog", { name: "Help" }).waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("dialog", { name: "Help" }).waitFor({ state: "detached" });
  await body.press("/");
  assert.equal(await page.evaluate(() => document.activeElement.getAttribute("aria-label")), "Search");
  await close();
});

test("wrapped_lines_keep_the_row_at_the_top", async () => {
  const { page, close } = await open(browser, server.url);
  await page.goto(explore());
  await shown(page);
  await page.locator(".list").evaluate((list) => { list.scrollTop = 2100; });
  const top = () => page.evaluate(() => { const list = document.querySelector(".list").getBoundingClientRect(); return [...document.querySelectorAll(".list .row")].find((row) => row.getBoundingClientRect().bottom > list.top + 1).dataset.key; });
  await until(async () => (await page.locator(".list").evaluate((list) => list.scrollTop)) > 0, "it is scrolled");
  const before = await top();
  await page.locator("body").press("x");
  await page.locator(".row.wrapped").first().waitFor();
  assert.equal(await top(), before);
  await close();
});

test("columns_are_widened_and_stay_so", async () => {
  const { page, close } = await open(browser, server.url);
  await page.goto(explore("&columns=peer,service"));
  await shown(page);
  const edge = page.getByRole("separator", { name: "Width of service" });
  const width = () => page.locator(".list .row-cell").nth(1).evaluate((cell) => Math.round(cell.getBoundingClientRect().width));
  const before = await width();
  const box = await edge.boundingBox();
  await page.mouse.move(box.x + 4, box.y + 5);
  await page.mouse.down();
  await page.mouse.move(box.x + 60, box.y + 5, { steps: 4 });
  await page.mouse.move(box.x + 84, box.y + 5);
  await page.mouse.up();
  const wider = await until(async () => ((await width()) > before + 60 ? width() : 0), "it is wider");
  await page.reload();
  await shown(page);
  assert.equal(await width(), wider);
  assert.equal(await page.locator(".row-head .row-cell").nth(1).evaluate((cell) => Math.round(cell.getBoundingClientRect().width)), wider);
  // The message still begins where its head does.
  const [head, cell] = await Promise.all([".row-head .row-text", ".list .row-text"].map((what) => page.locator(what).first().boundingBox()));
  assert.ok(Math.abs(head.x - cell.x) < 1, `${head.x}, ${cell.x}`);
  await edge.dblclick();
  await until(async () => (await width()) === before, "it has its own width again");
  await page.getByRole("button", { name: "Columns", exact: true }).click();
  await page.getByRole("button", { name: "Move peer to the back" }).click();
  await until(async () => (await page.locator(".row-head-name").allTextContents()).join() === "service,peer", "the order is another one");
  await close();
});

test("a_saved_search_comes_back_with_its_range_and_columns", async () => {
  const { page, close } = await open(browser, server.url);
  await page.goto(explore("&columns=service"));
  await shown(page);
  await page.getByRole("button", { name: "Saved searches" }).click();
  await page.getByLabel("Name of this search").fill("<b>mine</b>");
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Forget <b>mine</b>" }).waitFor();
  await page.goto(at(server.url, "explore?q=nothing&last=5m&columns=peer"));
  await page.reload();
  await page.getByRole("button", { name: "Saved searches" }).click();
  await page.locator(".saved-menu .item", { hasText: "<b>mine</b>" }).click();
  await shown(page);
  await until(() => page.url().includes(`run%3A${run}`) && page.url().includes("last=15m") && page.url().includes("columns=service"), "what was saved");
  // It is offered where searches are typed, and goes when it is told to.
  const input = page.locator("input[aria-label=Search]");
  await input.fill("");
  await page.locator(".choices li", { hasText: "<b>mine</b>" }).waitFor();
  await input.press("Escape");
  await page.getByRole("button", { name: "Saved searches" }).click();
  await page.getByRole("button", { name: "Forget <b>mine</b>" }).click();
  await page.locator(".saved-menu", { hasText: "None yet" }).waitFor();
  await close();
});

test("a_level_of_the_legend_is_a_filter", async () => {
  const { page, close } = await open(browser, server.url);
  await page.goto(explore());
  await page.locator(".legend-item.error").click();
  await until(async () => (await page.locator(".histogram-total").textContent()).startsWith("30 "), "only errors");
  assert.equal(await page.locator("input[aria-label=Search]").inputValue(), `run:${run} level:error`);
  await page.locator(".legend-item.error").click();
  await until(async () => (await page.locator(".histogram-total").textContent()).startsWith(`${LINES} `), "all again");
  await close();
});

test("what_is_found_can_be_taken_away", async () => {
  const { page, close } = await open(browser, server.url, { permissions: ["clipboard-read", "clipboard-write"] });
  await page.goto(explore());
  await shown(page);
  const take = async (format) => {
    await page.getByRole("button", { name: "Download" }).click();
    const [download] = await Promise.all([page.waitForEvent("download"), page.locator(".download-menu .item", { hasText: format }).click()]);
    return readFileSync(await download.path());
  };
  const lines = (await take("NDJSON")).toString().trim().split("\n").map((line) => JSON.parse(line));
  assert.equal(lines.length, LINES);
  assert.equal(lines[0].message, "line 0 of this test");
  assert.equal((await take("CSV")).toString().trim().split("\n").length, LINES + 1);
  if (server.real) assert.equal((await take("Parquet")).subarray(0, 4).toString(), "PAR1");
  await page.getByRole("button", { name: "Download" }).click();
  await page.getByRole("button", { name: "Copy as curl" }).click();
  const curl = await until(() => page.evaluate(() => navigator.clipboard.readText()), "a line in the clipboard");
  const url = /'(http[^']+)'/.exec(curl)[1];
  assert.equal((await (await fetch(url)).text()).trim().split("\n").length, LINES);
  await close();
});

test("a_record_that_the_search_does_not_find_is_seen_in_the_context", async () => {
  const { page, close } = await open(browser, server.url);
  await page.goto(at(server.url, `explore?q=${q(`run:${run} level:error`)}&last=15m`));
  await page.locator(".row", { hasText: "line 290 of this test" }).click();
  await page.locator(".detail").waitFor();
  await page.locator("body").press("c");
  const around = page.locator(".neighbours");
  await around.getByRole("button", { name: "20 more before" }).click();
  await until(async () => (await around.locator(".row").count()) > 25, "more of them");
  await around.locator(".row", { hasText: "line 285 of" }).click();
  await until(async () => /line 285 of/.test(await page.locator(".detail-text").textContent()), "the neighbour");
  await close();
});
