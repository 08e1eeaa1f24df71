import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { chromium } from 'playwright-core';

const EXECUTABLES = ['/usr/bin/chromium', '/usr/bin/chromium-browser'];
/** The screenshots of a run; not in the repository. */
export const SHOTS = fileURLToPath(new URL('../../../artefacts/page', import.meta.url));

export const SIZES = {
  phone: { width: 360, height: 740 },
  desktop: { width: 1366, height: 850 },
} as const;
export type Size = keyof typeof SIZES;

/** What cannot be installed is said here, and the run fails: a browser test that is left out tests nothing. */
export function chromiumOrInstall(): void {
  if (process.env.CHROMIUM !== undefined || EXECUTABLES.some((file) => existsSync(file))) return;
  console.log('installing chromium ...');
  const install = (): void => {
    execFileSync('apt-get', ['install', '-y', '--no-install-recommends', 'chromium', 'fonts-dejavu-core'], {
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  };
  try {
    install();
  } catch {
    execFileSync('apt-get', ['update'], { stdio: 'ignore' });
    install();
  }
}

export async function launch(): Promise<Browser> {
  const executablePath = process.env.CHROMIUM ?? EXECUTABLES.find((file) => existsSync(file));
  if (executablePath === undefined)
    throw new Error(`no Chromium at ${EXECUTABLES.join(' or ')}: apt-get install chromium, or set CHROMIUM`);
  mkdirSync(SHOTS, { recursive: true });
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
}

/** A window of its own, with its own cookies: another device. */
export function device(
  browser: Browser,
  size: Size,
  more: { language?: string; theme?: string } = {},
): Promise<BrowserContext> {
  return browser
    .newContext({
      viewport: SIZES[size],
      deviceScaleFactor: size === 'phone' ? 2 : 1,
      hasTouch: size === 'phone',
      isMobile: size === 'phone',
      locale: more.language ?? 'en',
      ignoreHTTPSErrors: true,
    })
    .then(async (context) => {
      context.setDefaultTimeout(30_000);
      await context.addInitScript(`localStorage.setItem('portillon-theme', ${JSON.stringify(more.theme ?? 'dark')})`);
      return context;
    });
}

/** Everything the page asks for must come from the gate; what the console complains of is collected. */
export function watch(page: Page, origin: () => string, complaints: string[]): void {
  page.on('request', (request) => {
    const url = request.url();
    if (!url.startsWith(`${origin()}/`) && !url.startsWith('data:') && !url.startsWith('blob:'))
      complaints.push(`asks another host: ${url}`);
  });
  page.on('pageerror', (error) => complaints.push(`error in the page: ${error.message}`));
  page.on('console', (message) => {
    // The browser itself reports answers of 4xx and a gate that is away; those are part of the tests.
    if (message.type() === 'error' && !/Failed to load resource|ERR_/.test(message.text()))
      complaints.push(`console: ${message.text()}`);
  });
}

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** WCAG 2.2 AA as far as a program can tell. */
export async function violations(page: Page): Promise<string[]> {
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(axeSource);
  return page.evaluate(async () => {
    const { axe } = globalThis as unknown as {
      axe: {
        run(
          options: object,
        ): Promise<{ violations: { id: string; nodes: { target: string[]; failureSummary: string }[] }[] }>;
      };
    };
    const { violations: found } = await axe.run({
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
    });
    return found.flatMap((v) =>
      v.nodes.map((n) => `${v.id}: ${n.target.join(' ')}: ${n.failureSummary.split('\n')[1] ?? ''}`),
    );
  });
}

/** What is wider than a telephone, and what is too small for a glove. */
export function unfit(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const out: string[] = [];
    const { innerWidth } = globalThis as unknown as { innerWidth: number };
    const { document } = globalThis as unknown as {
      document: {
        documentElement: { scrollWidth: number };
        querySelectorAll(s: string): Iterable<{
          getBoundingClientRect(): { width: number; height: number };
          textContent: string;
          tagName: string;
          className: string;
        }>;
      };
    };
    if (document.documentElement.scrollWidth > innerWidth)
      out.push(`scrolls sideways: ${document.documentElement.scrollWidth} of ${innerWidth}`);
    for (const e of document.querySelectorAll('button, a.button, select, input, summary, nav a')) {
      const { width, height } = e.getBoundingClientRect();
      if (width > 0 && (height < 44 || width < 44))
        out.push(
          `too small: ${e.tagName} ${e.className} ${e.textContent.slice(0, 30)} ${Math.round(width)} x ${Math.round(height)}`,
        );
    }
    return out;
  });
}

export const shot = (page: Page, name: string): Promise<unknown> =>
  page.screenshot({ path: path.join(SHOTS, `${name}.png`), fullPage: true });
