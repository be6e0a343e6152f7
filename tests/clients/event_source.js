// A browser's EventSource on the hub's own page: prints each event that it is told, until its input ends.
//
//   node event_source.js URL QUERY EVENT...
"use strict";

const { run } = require("./browser.js");

const [url, query, ...events] = process.argv.slice(2);

run(async (browser) => {
  const page = await browser.newPage();
  await page.exposeFunction("told", (event, data) => console.log(JSON.stringify([event, JSON.parse(data)])));
  await page.goto(url);
  await page.evaluate(
    ([query, events]) => {
      const stream = new EventSource(`events?${query}`);
      for (const event of events) stream.addEventListener(event, ({ data }) => window.told(event, data));
    },
    [query, events],
  );
  await new Promise((resolve) => process.stdin.on("end", resolve).resume());
});
