// SPDX-License-Identifier: MIT
// A person signs in with a key, works, and signs out. Started by sign_in_test.py with the key.
import assert from "node:assert/strict";
import { axe, run, visitor } from "./rig.mjs";

await run({
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
    await page.getByRole("button", { name: "Sign out" }).click();
    await field.waitFor();
    // The wrong key was told to the page as 401, which browsers write down.
    assert.deepEqual(page.faults.filter((fault) => !/401/.test(fault)), []);
    await page.context().close();
  },
});
