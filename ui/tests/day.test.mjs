// A tab that is left open, and one that is used all day: neither grows.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { at, browser as launch, collector, feed, held, newRun, open, q, until } from "./harness.mjs";

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

const told = ({ mib, nodes, listeners }) => `${mib.toFixed(1)} MiB, ${nodes} nodes, ${listeners} listeners`;

/** So much may come and go between two looks: buffers, compiled code, rows that are higher. */
function same(before, afterwards) {
  assert.ok(afterwards.mib - before.mib < 4, `${told(before)}, then ${told(afterwards)}`);
  assert.ok(afterwards.nodes - before.nodes < 600, `${told(before)}, then ${told(afterwards)}`);
  assert.ok(afterwards.listeners - before.listeners < 100, `${told(before)}, then ${told(afterwards)}`);
}

for (const [place, ready, asks] of [["topology", ".table-row a", "peers"], ["explore?live=1", ".live-state.live", "histogram"], ["sensors?last=15m", ".sensor canvas", "status"]]) {
  test(`a_day_at_${place.split("?")[0]}_leaves_the_tab_as_it_was`, async () => {
    const TURNS = 96;
    const run = newRun();
    await feed(server, [{ message: "reading", run, temp: 20.5 }]);
    const { page, close } = await open(browser, server.url);
    // Its clock goes on by a quarter of an hour at a time; what is asked for every two seconds is asked for each time.
    await page.clock.install();
    await page.goto(at(server.url, place));
    await page.locator(ready).first().waitFor();
    const turn = async (n) => {
      const answered = page.waitForResponse((response) => response.url().includes(`/api/v1/${asks}`));
      const sent = feed(server, [{ message: `reading ${n}`, run, temp: 20 + (n % 7) }], { find: false });
      await page.clock.fastForward("15:00");
      await Promise.all([answered, sent]);
      await page.clock.runFor(200);
    };
    for (let n = 0; n < 70; n += 1) await turn(n);
    const before = await held(page);
    for (let n = 0; n < TURNS; n += 1) await turn(70 + n);
    const afterwards = await held(page);
    same(before, afterwards);
    console.log(`# ${place}: ${told(before)}, a day later ${told(afterwards)}`);
    await close();
  });
}

test("going_from_page_to_page_leaves_nothing_behind", async () => {
  const run = newRun();
  await feed(server, Array.from({ length: 50 }, (_, n) => ({ message: `line ${n}`, run, temp: n / 2 })));
  const { page, close } = await open(browser, server.url);
  const places = [
    ["topology", ".table-row a"], [`explore?q=${q(`run:${run}`)}&last=1h`, ".list .row"], ["sql", ".editor-host .cm-content"], ["sensors?last=5m", ".sensor canvas"], [`explore?q=${q(`run:${run}`)}&live=1`, ".live-state.live"],
  ];
  const round = async () => {
    for (const [place, ready] of places) {
      await page.evaluate((hash) => { location.hash = hash; }, `#/${place}`);
      await page.locator(ready).first().waitFor();
      if (place === "topology") {
        await page.locator(".table-row a").first().click();
        await page.locator(".facts dd").first().waitFor();
      }
      if (place.startsWith("explore") && !place.includes("live")) {
        await page.locator(".list .row").last().click();
        await page.locator(".detail .fields").waitFor();
        await page.keyboard.press("Escape");
      }
    }
    await page.evaluate(() => { location.hash = "#/topology"; });
    await page.locator(".table-row a").first().waitFor();
  };
  await page.goto(server.url);
  for (let n = 0; n < 6; n += 1) await round();
  const before = await held(page);
  for (let n = 0; n < 20; n += 1) await round();
  const afterwards = await until(async () => { const now = await held(page); return now.mib - before.mib < 4 ? now : null; }, "the heap is as it was");
  same(before, afterwards);
  console.log(`# ${told(before)}, after 20 rounds over all pages ${told(afterwards)}`);
  await close();
});
