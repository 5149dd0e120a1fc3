// Live tail: nothing jumps, nothing is lost, nothing grows.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { at, browser as launch, collector, counter, feed, held, newRun, open, pour, proxy, q, until } from "./harness.mjs";

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

const numbered = (run, from, many, more = {}) => Array.from({ length: many }, (_, n) => ({ message: `line ${from + n} of the tail`, level: "info", run, ...more }));
const live = async (page, url, run) => {
  await page.goto(at(url, `explore?q=${q(`run:${run}`)}&live=1`));
  await page.locator(".live-state.live").waitFor();
};
/** The first row in sight: which one, and where. */
const top = (page) => page.evaluate(() => {
  const list = document.querySelector(".list").getBoundingClientRect();
  const row = [...document.querySelectorAll(".list .row")].find((each) => each.getBoundingClientRect().bottom > list.top + 1);
  return { key: row.dataset.key, y: Math.round(row.getBoundingClientRect().top - list.top) };
});
/** Every line of the list, by scrolling over all of it. */
const all = (page) => page.evaluate(async () => {
  const list = document.querySelector(".list");
  const seen = new Set();
  list.scrollTop = 0;
  for (;;) {
    // Once for the event, once for the drawing.
    for (let frame = 0; frame < 2; frame += 1) await new Promise((resolve) => requestAnimationFrame(resolve));
    for (const row of list.querySelectorAll(".row")) {
      const line = /line (\d+) of the tail/.exec(row.textContent)?.[1];
      if (line !== undefined) seen.add(Number(line));
    }
    if (list.scrollTop + list.clientHeight >= list.scrollHeight - 2) return [...seen].sort((a, b) => a - b);
    list.scrollTop += list.clientHeight - 40;
  }
});

test("the_list_does_not_jump_while_lines_come", async () => {
  const run = newRun();
  const { page, close } = await open(browser, server.url);
  await feed(server, numbered(run, 0, 300));
  await live(page, server.url, run);
  await until(async () => /line 299/.test(await page.locator(".list .row").last().textContent()), "the last line is in sight");
  // Following: the end stays in sight.
  await feed(server, numbered(run, 300, 50));
  await until(async () => /line 349/.test(await page.locator(".list .row").last().textContent()), "the end is followed");
  // Scrolled up by a person: it pauses, and stands.
  const box = await page.locator(".list").boundingBox();
  await page.mouse.move(box.x + 200, box.y + 200);
  await page.mouse.wheel(0, -900);
  await page.locator(".live-state.paused").waitFor();
  const before = await until(async () => { const a = await top(page); await page.waitForTimeout(100); const b = await top(page); return a.key === b.key && a.y === b.y ? a : null; }, "the scrolling has ended");
  await feed(server, numbered(run, 350, 500));
  await page.locator(".new-lines", { hasText: "500 new lines" }).waitFor();
  assert.deepEqual(await top(page), before);
  await page.locator(".new-lines button").click();
  await until(async () => /line 849/.test(await page.locator(".list .row").last().textContent()), "the end again");
  await page.locator("body").press("p");
  assert.deepEqual(await all(page), Array.from({ length: 850 }, (_, n) => n));
  await close();
});

test("a_selected_row_stays_selected", async () => {
  const run = newRun();
  const { page, close } = await open(browser, server.url);
  await feed(server, numbered(run, 0, 100));
  await live(page, server.url, run);
  await page.locator(".row", { hasText: "line 95 of" }).click();
  await page.locator(".detail").waitFor();
  await feed(server, numbered(run, 100, 200));
  await page.locator(".new-lines", { hasText: "200 new lines" }).waitFor();
  assert.match(await page.locator('.list .row[aria-selected="true"]').textContent(), /line 95 of/);
  await page.locator("body").press("p");
  await until(async () => /line 299/.test(await page.locator(".list .row").last().textContent()), "the end");
  assert.match(await page.locator(".detail-text").textContent(), /line 95 of/);
  await page.locator("body").press("k");
  assert.match(await page.locator('.list .row[aria-selected="true"]').textContent(), /line 94 of/);
  await close();
});

test("a_lost_connection_leaves_no_gap", async () => {
  const run = newRun();
  const between = await proxy(server.url);
  const { page, close } = await open(browser, between.url, { allow: /Failed to load|ERR_/ });
  await live(page, between.url, run);
  await feed(server, numbered(run, 0, 50));
  await until(async () => (await counter(page, "received")) === 50, "what came before");
  between.cut();
  await feed(server, numbered(run, 50, 50));
  await until(async () => (await counter(page, "received")) === 100, "what came meanwhile");
  await page.locator("body").press("p");
  assert.deepEqual(await all(page), Array.from({ length: 100 }, (_, n) => n));
  assert.equal(await counter(page, "skipped"), 0);
  await close();
  between.stop();
});

test("a_connection_that_says_nothing_any_more_is_given_up", async () => {
  const run = newRun();
  const between = await proxy(server.url);
  const { page, close } = await open(browser, between.url, { allow: /Failed to load|ERR_/ });
  await page.clock.install();
  await live(page, between.url, run);
  await feed(server, numbered(run, 0, 20));
  await until(async () => { await page.clock.runFor(100); return (await counter(page, "received")) === 20; }, "what came before");
  between.silence();
  await feed(server, numbered(run, 20, 20));
  await page.clock.fastForward(46_000);
  await until(async () => { await page.clock.runFor(300); return (await counter(page, "received")) === 40; }, "what came meanwhile");
  await close();
  between.stop();
});

test("a_long_pause_holds_so_many_and_then_waits_at_the_collector", async () => {
  const run = newRun();
  const { page, close } = await open(browser, server.url, { viewport: { width: 1000, height: 2400 } });
  await live(page, server.url, run);
  await feed(server, numbered(run, 0, 10));
  await until(async () => (await counter(page, "received")) === 10, "the first");
  await page.locator("body").press("p");
  for (let n = 0; n < 6; n += 1) await feed(server, numbered(run, 10 + n * 1000, 1000));
  await page.locator(".new-lines", { hasText: "+ new lines" }).waitFor();
  await page.locator("body").press("p");
  await until(async () => (await counter(page, "shown")) === 6010, "all of them");
  await page.locator("body").press("p");
  assert.deepEqual(await all(page), Array.from({ length: 6010 }, (_, n) => n));
  await close();
});

test("memory_is_flat_over_a_hundred_thousand_lines", async () => {
  const run = newRun();
  const { page, close } = await open(browser, server.url);
  await live(page, server.url, run);
  const batch = 5000;
  let sent = 0;
  const more = async (many) => {
    for (let n = 0; n < many; n += batch) {
      await feed(server, numbered(run, sent, batch, { service: "pour", id: `${sent}` }), { find: false });
      sent += batch;
      await until(async () => (await counter(page, "received")) === sent, `${sent} lines`);
    }
  };
  await more(30_000);
  const before = await held(page);
  await more(100_000);
  const afterwards = await held(page);
  const elements = await page.locator(".list .row").count();
  assert.ok(afterwards.mib - before.mib < 24, `${before.mib.toFixed(1)} MiB, then ${afterwards.mib.toFixed(1)} MiB`);
  assert.ok(elements < 120, `${elements} rows are drawn`);
  const [received, shown, skipped] = [await counter(page, "received"), await counter(page, "shown"), await counter(page, "skipped")];
  assert.equal(shown + skipped, received);
  console.log(`# ${before.mib.toFixed(1)} MiB after 30,000 lines, ${afterwards.mib.toFixed(1)} MiB after 130,000; ${shown} shown, ${skipped} skipped`);
  await close();
});

test("a_thousand_lines_a_second_are_followed_and_the_page_answers", async () => {
  const run = newRun();
  const many = 8000;
  const { page, close } = await open(browser, server.url);
  await live(page, server.url, run);
  const pouring = pour(server, many, 1000, (n) => ({ message: `line ${n} of the tail`, level: n % 50 ? "info" : "error", run, service: `svc-${n % 7}`, took_ms: n % 900 }));
  await until(async () => (await counter(page, "shown")) > 1000, "lines are shown");
  // What a person does meanwhile is done meanwhile.
  await page.locator("body").press("p");
  await page.locator(".live-state.paused").waitFor();
  await page.locator("body").press("E");
  await page.locator('.list .row.error[aria-selected="true"]').waitFor();
  await page.locator("body").press("Enter");
  await page.locator(".detail .fields").waitFor();
  await page.locator("body").press("Escape");
  await page.locator("body").press("p");
  const during = await held(page);
  await pouring;
  await until(async () => (await counter(page, "received")) === many, "all have come");
  const [shown, skipped] = await until(async () => { const all = [await counter(page, "shown"), await counter(page, "skipped")]; return all[0] + all[1] >= many ? all : null; }, "all are shown or counted");
  assert.equal(shown + skipped, many);
  const rows = await page.locator(".list .row").count();
  assert.ok(rows < 120, `${rows} rows are drawn`);
  const afterwards = await held(page);
  for (const { mib, nodes } of [during, afterwards]) assert.ok(mib < 64 && nodes < 12_000, `${mib.toFixed(1)} MiB, ${nodes} nodes`);
  console.log(`# at 1,000 lines a second: ${afterwards.mib.toFixed(1)} MiB, ${afterwards.nodes} nodes; ${shown} shown, ${skipped} skipped`);
  await close();
});
