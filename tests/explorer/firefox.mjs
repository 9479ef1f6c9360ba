// What a reader of Firefox does: open a page, drag end A, follow words of the prose. Playwright
// drives no Firefox but its own, so this one is driven by puppeteer-core, through WebDriver BiDi.
//
//     node firefox.mjs <folder of node_modules> <Firefox> <address>

import { createRequire } from "node:module";

const [, , modules, executablePath, address] = process.argv;
const puppeteer = createRequire(`${modules}/`)("puppeteer-core");
const CHECKED = "Checked with the network itself.";

const browser = await puppeteer.launch({ browser: "firefox", executablePath, headless: true });
try {
  const page = await browser.newPage();
  page.setDefaultTimeout(60_000);
  await page.setViewport({ width: 1100, height: 900 });
  const faults = [];
  page.on("console", (said) => said.type() === "error" && faults.push(said.text()));
  page.on("pageerror", (error) => faults.push(error.message));
  page.on("request", (request) => {
    if (/^(https?|wss?):/.test(request.url()) && !request.url().startsWith(new URL(address).origin))
      faults.push(`external request: ${request.url()}`);
  });
  await page.goto(address);

  /** Wait until what was done is drawn and checked; what the figure then shows. */
  async function shown() {
    await page.waitForFunction(
      (checked) => {
        const root = document.querySelector("#first").shadowRoot;
        return root?.querySelector(".note")?.textContent === checked;
      },
      { polling: 50 },
      CHECKED,
    );
    return page.evaluate(() => {
      const root = document.querySelector("#first").shadowRoot;
      const inked = (canvas) => {
        const { width, height } = canvas;
        const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
        let [dark, clear] = [0, 0];
        for (let i = 0; i < data.length; i += 4) {
          if (data[i + 3] < 100) clear++;
          else if (data[i] + data[i + 1] + data[i + 2] < 200) dark++;
        }
        return { dark, clear, all: width * height };
      };
      const cells = (row) => [...row.cells].map((cell) => cell.textContent);
      root.querySelector("details:has(table)").open = true;
      return {
        said: root.querySelector(".said").textContent,
        link: root.querySelector(".link input").value,
        preset: root.querySelector(".bar select").value,
        size: root.querySelector(".map").clientWidth,
        table: [...root.querySelectorAll("tbody tr")].map(cells),
        canvases: [...root.querySelectorAll("canvas")].map(inked),
      };
    });
  }

  await shown(); // which opens the table
  const first = await shown();
  const handle = await page.evaluateHandle(() => {
    const root = document.querySelector("#first").shadowRoot;
    root.querySelector(".map").scrollIntoView({ block: "center", behavior: "instant" });
    return root.querySelector(".handle");
  });
  const { x, y, width, height } = await handle.boundingBox();
  const [fromX, fromY] = [x + width / 2, y + height / 2];
  await page.mouse.move(fromX, fromY);
  await page.mouse.down();
  await page.mouse.move(fromX - 60, fromY - 40, { steps: 6 });
  await page.mouse.up();
  const dragged = await shown();
  const words = await page.$(".nav-preset");
  await words?.evaluate((span) => span.click());
  const preset = await shown();
  console.log(JSON.stringify({ first, dragged, preset, faults, browser: await browser.version() }));
} finally {
  await browser.close();
}
