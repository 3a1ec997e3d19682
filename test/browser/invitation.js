// Accepts or declines an invitation as a person does, in headless Chromium, and checks the pages on the way.
//
//   node invitation.js LINK accept|decline NAME [FOLDER]
//
// The exit code is 0 if all went well. FOLDER receives pictures of the pages.
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const [link, answer, name, pictures] = process.argv.slice(2);
const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const profile = await mkdtemp(join(tmpdir(), 'carillon-chromium-'));
const context = await chromium.launchPersistentContext(profile, {
	executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
	args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
		'--disable-background-networking', '--disable-component-update', '--disable-sync'],
	viewport: { width: 1024, height: 768 },
});

try {
	const page = context.pages()[0] ?? await context.newPage();
	const complaints = []; // of the browser: what the policy blocked, what could not be loaded
	page.on('console', (m) => complaints.push(m.text()));
	page.on('pageerror', (e) => complaints.push(String(e)));
	const requests = [];
	page.on('request', (r) => requests.push(r.url()));

	assert.equal((await page.goto(link)).status(), 200);
	assert.match(await page.title(), /^You are invited to /);
	if (answer === 'accept') await look(page, 'invitation');

	// With the keyboard alone: the name, Accept, Decline, in this order.
	const order = [];
	for (let i = 0; i < 3; i++) {
		await page.keyboard.press('Tab');
		order.push(await page.evaluate(() => document.activeElement.value || document.activeElement.name));
	}
	assert.deepEqual(order, ['name', 'accept', 'decline']);

	await page.getByLabel('Your name').fill(name);
	if (answer === 'accept') {
		await page.getByLabel('Your name').press('Enter');
		await page.waitForURL(link);
		await page.getByRole('heading', { name: /^You are now a member of / }).waitFor();
		assert.ok((await page.locator('main').innerText()).includes(name), 'the page does not say the name');
	} else {
		await page.getByRole('button', { name: 'Decline' }).click();
		await page.getByRole('heading', { name: 'You have declined' }).waitFor();
	}
	await look(page, answer);

	assert.equal((await page.goto(link)).status(), 410);
	await look(page, 'used');

	const faults = complaints.filter((c) => !c.includes('status of 410'));
	assert.deepEqual(faults, []);
	const elsewhere = requests.filter((r) => !r.startsWith(new URL(link).origin));
	assert.deepEqual(elsewhere, [], 'the page loads something from elsewhere');
	assert.deepEqual(await context.cookies(), []);
} finally {
	await context.close();
	await rm(profile, { recursive: true, force: true });
}

// look checks what holds for every page: axe finds nothing, light and dark, and nothing is cut off on a narrow screen.
async function look(page, called) {
	for (const colorScheme of ['light', 'dark']) {
		await page.emulateMedia({ colorScheme });
		for (const width of [1024, 320]) {
			await page.setViewportSize({ width, height: 768 });
			const wide = await page.evaluate(() => document.documentElement.scrollWidth);
			assert.ok(wide <= width, `${called} is ${wide} pixels wide on a screen of ${width}`);
			if (pictures) {
				await page.screenshot({ path: join(pictures, `${called}-${colorScheme}-${width}.png`), fullPage: true });
			}
		}
		await page.evaluate(axe);
		const { violations, passes } = await page.evaluate(() => axe.run());
		assert.ok(passes.length > 10, `axe looked at ${passes.length} things only`);
		assert.deepEqual(violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html).join(' ')}`), [], called);
	}
}
