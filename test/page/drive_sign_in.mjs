// SPDX-License-Identifier: MIT
// A person signs in with a key, works, and signs out. Started by sign_in_test.py with the key.
import assert from "node:assert/strict";
import { axe, run, visitor } from "./rig.mjs";

const shots = process.argv[2] === "--shots" ? process.argv[3] : undefined;
const { PAGE_URL, PAGE_NAME, PAGE_SECRET } = process.env;

/** Nothing is wrong with the view, in both colours and on a phone. */
async function looksRight(page, name) {
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme });
    assert.deepEqual(await axe(page), [], `${name}, ${colorScheme}`);
    if (shots) await page.screenshot({ path: `${shots}/${name}-${colorScheme}.png` });
  }
  await page.emulateMedia({ colorScheme: "light" });
  await page.setViewportSize({ width: 390, height: 844 });
  assert.ok((await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)) <= 0, name);
  assert.deepEqual(await axe(page), [], `${name}, on a phone`);
  if (shots) await page.screenshot({ path: `${shots}/${name}-phone.png` });
  await page.setViewportSize({ width: 1280, height: 800 });
}

/** The page as somebody who is signed in sees it. */
const isIn = (page, name) => page.locator(".rail").getByText(name).first().waitFor();

const SLOW = `import time
print("SEC" + "RETWORD", flush=True)
time.sleep(3)
open("/mnt/data/out.txt", "w").write("x")`;

async function signedIn(place) {
  const page = await visitor();
  await page.goto(`${process.env.PAGE_URL}/#${place}`);
  await page.getByLabel("Key or token").fill(process.env.PAGE_KEY);
  await page.getByRole("button", { name: "Sign in" }).click();
  return page;
}

await run({
  async "who submitted it sees that it runs, and nothing of what it says before it is released"() {
    const page = await signedIn("/submit");
    await page.getByLabel("Code, main.py").fill(SLOW);
    await page.getByRole("button", { name: /^Submit/ }).click();
    await page.getByText("What it writes is held until somebody has approved it.").waitFor();
    await page.getByRole("link", { name: /^Request / }).click();
    await page.getByText("You submitted this.").waitFor(); // it waits
    for (const tab of ["Output", "Result and plots", "Files", "Effects"]) {
      await page.getByRole("tab", { name: tab }).click();
      await page.getByRole("tabpanel").getByText("Held until somebody has approved it").waitFor();
    }
    assert.match(await page.locator("dl.facts").innerText(), /Network\s+held/);
    assert.doesNotMatch(await page.locator("body").innerText(), /SECRETWORD|not reported/);
    await page.getByRole("button", { name: "Cancel" }).click(); // it is theirs
    await page.getByRole("button", { name: "Cancel it" }).click();
    await page.getByText("Cancelled by").waitFor();
    await page.getByRole("tab", { name: "Output" }).click();
    await page.getByText("It was not released.").waitFor();
    assert.deepEqual(page.faults, []);
    await page.context().close();
  },

  async "sign in, submit, see why the own request is for others, sign out"() {
    const page = await visitor();
    await page.goto(`${process.env.PAGE_URL}/#/submit?example=hello`);
    const field = page.getByLabel("Key or token");
    await field.fill("spk_wrong");
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByText("Not signed in").waitFor();
    assert.deepEqual(await axe(page), []);
    await field.fill(process.env.PAGE_KEY);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("button", { name: /^Submit/ }).click();
    await page.getByText("Hello from between the doors").first().waitFor();
    await page.getByRole("link", { name: /^Request / }).click();
    await page.getByText("You submitted this.").waitFor();
    const approve = page.getByRole("button", { name: /^Approve/ });
    assert.equal(await approve.getAttribute("aria-disabled"), "true");
    await page.reload();
    await page.getByText("You submitted this.").waitFor(); // the cookie stands for the key
    assert.equal(await page.evaluate(() => document.cookie), "");
    await page.visit("/people");
    await page.getByRole("button", { name: "Sign out", exact: true }).click();
    await field.waitFor();
    // The wrong key was told to the page as 401, which browsers write down; streams of events end with the sign-out.
    assert.deepEqual(page.faults.filter((fault) => !/401|INCOMPLETE/.test(fault)), []);
    await page.context().close();
  },

  async "by name and secret, and out of all browsers at once"() {
    const [page, other] = [await visitor(), await visitor()];
    for (const one of [page, other]) {
      await one.goto(`${PAGE_URL}/#/people`);
      await one.getByRole("button", { name: "Name and secret" }).click();
      await one.getByLabel("Your name").fill(PAGE_NAME);
      await one.getByLabel("Your secret").fill("sps_wrong");
      await one.getByRole("button", { name: "Sign in" }).click();
      await one.getByText("Not signed in: The name or the secret is not right.").waitFor();
      if (one === page) await looksRight(page, "signin-refused");
      await one.getByLabel("Your secret").fill(PAGE_SECRET);
      await one.keyboard.press("Enter");
      await isIn(one, PAGE_NAME);
    }
    await page.getByRole("button", { name: "Sign out everywhere" }).click();
    await page.getByLabel("Key or token").waitFor();
    await other.reload();
    await other.getByLabel("Key or token").waitFor();
    // A reviewer may not see all that the page asks for, and the stream of events ended with the sign-out.
    assert.deepEqual(page.faults.filter((fault) => !/40[13]|INCOMPLETE/.test(fault)), []);
    for (const one of [page, other]) await one.context().close();
  },

  async "by a link that counts once"() {
    const answer = await fetch(`${PAGE_URL}/page/links`, { method: "POST", headers: { Authorization: `Bearer ${process.env.PAGE_KEY}` } });
    const { code } = await answer.json();
    const [page, late] = [await visitor(), await visitor()];
    await page.goto(`${PAGE_URL}/#/people?link=${code}`);
    await isIn(page, "owner@sallyport");
    assert.ok(!page.url().includes(code)); // nor is it in the history
    await page.getByText("A link signed this browser in").waitFor();
    await page.goto("about:blank");
    await page.goto(`${PAGE_URL}/#/people?link=${code}`);
    await page.getByText("The link changed nothing").waitFor();
    await isIn(page, "owner@sallyport");
    await late.goto(`${PAGE_URL}/#/people?link=${code}`);
    await late.getByText("Not signed in: The link was used, or is over.").waitFor();
    await late.getByLabel("Key or token").waitFor();
    assert.deepEqual(page.faults.filter((fault) => !/401/.test(fault)), []); // the link that was used
    for (const one of [page, late]) await one.context().close();
  },

  async "with a code that a person confirms on another device"() {
    const page = await visitor();
    await page.goto(`${PAGE_URL}/#/`);
    await page.getByRole("button", { name: "Another device" }).click();
    const code = (await page.locator(".device-code").innerText()).trim();
    await looksRight(page, "signin-device");
    const trusted = await visitor();
    await trusted.goto(`${PAGE_URL}/device`);
    await trusted.getByLabel("Code").fill(code);
    await trusted.getByLabel(/Your name/).fill(PAGE_NAME);
    await trusted.getByLabel("Your secret").fill(PAGE_SECRET);
    await trusted.getByRole("button", { name: "Confirm" }).click();
    await trusted.getByText("Confirmed.").waitFor();
    await isIn(page, PAGE_NAME);
    await page.reload();
    await isIn(page, PAGE_NAME);
    assert.deepEqual(page.faults.filter((fault) => !/403/.test(fault)), []);
    for (const one of [page, trusted]) await one.context().close();
  },
});
