// Open built pages in a real browser without network and report everything that is
// not local, fails, or is written to the console as an error.
//   node tools/check_pages.mjs book/_build/html [--file] [--dark] [--width PX] [--axe] [--shots DIR] [PAGE...]
// needs: npm i playwright-core [axe-core]; CHROMIUM=/usr/bin/chromium; NODE_BASE, where they are installed
import { createRequire } from 'node:module';
import { createServer } from 'node:http';
import { readFile, readdir, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
const require = createRequire(process.env.NODE_BASE ? process.env.NODE_BASE + '/x.js' : import.meta.url);
const { chromium } = require('playwright-core');

const argv = process.argv.slice(2);
const take = n => { const i = argv.indexOf(n); if (i < 0) return false; argv.splice(i, 1); return true; };
const val = n => { const i = argv.indexOf(n); if (i < 0) return null; return argv.splice(i, 2)[1]; };
const viaFile = take('--file'), axe = take('--axe'), shots = val('--shots'), dark = take('--dark');
const width = +(val('--width') ?? 1280);
const root = path.resolve(argv.shift() ?? 'book/_build/html');
async function walk(d, out = []) {
  for (const e of await readdir(d, { withFileTypes: true })) {
    const p = path.join(d, e.name);
    if (e.isDirectory()) { if (!/^_(static|sources|images|modules)$/.test(e.name)) await walk(p, out); }
    else if (e.name.endsWith('.html')) out.push(path.relative(root, p));
  }
  return out;
}
const pages = argv.length ? argv : (await walk(root)).sort();
const types = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.png': 'image/png', '.json': 'application/json', '.woff': 'font/woff', '.woff2': 'font/woff2' };
const server = createServer(async (q, r) => {
  const f = path.join(root, decodeURIComponent(new URL(q.url, 'http://x').pathname));
  try { const b = await readFile(f); r.writeHead(200, { 'content-type': types[path.extname(f)] ?? 'application/octet-stream' }); r.end(b); }
  catch { r.writeHead(404); r.end(); }
});
await new Promise(ok => server.listen(0, '127.0.0.1', ok));
const base = viaFile ? 'file://' + root : 'http://127.0.0.1:' + server.address().port;
const profile = await mkdtemp(path.join(tmpdir(), 'chk-'));
const ctx = await chromium.launchPersistentContext(profile, {
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', headless: true,
  colorScheme: dark ? 'dark' : 'light', viewport: { width, height: 900 },
  args: ['--no-sandbox', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--use-angle=swiftshader', '--enable-unsafe-swiftshader'],
});
const external = new Map(); let bad = 0; const axeSum = new Map();
await ctx.route(/^https?:/, (route, req) => {
  if (req.url().startsWith(base)) return route.continue();
  const u = req.url(); external.set(u, (external.get(u) ?? 0) + 1); return route.abort();
});
if (shots) await mkdir(shots, { recursive: true });
for (const p of pages) {
  if (/http-equiv="?refresh/i.test(await readFile(path.join(root, p), 'utf8'))) { console.log('ok  ' + p + '  (redirect)'); continue; }
  const page = await ctx.newPage(); const log = []; let bytes = 0, n = 0;
  page.on('console', m => { if (['error', 'warning'].includes(m.type())) log.push(`console.${m.type()}: ${m.text().slice(0, 200)}`); });
  page.on('pageerror', e => log.push('exception: ' + e.message.slice(0, 200)));
  page.on('requestfailed', q => log.push('failed: ' + q.url().slice(0, 150)));
  page.on('response', async r => { n++; if (r.status() >= 400) log.push(`${r.status()}: ${r.url()}`); try { bytes += (await r.body()).length; } catch {} });
  const t = Date.now();
  await page.goto(base + '/' + p, { waitUntil: 'load' });
  await page.evaluate(async () => {            // scroll through, so that lazy things load
    for (let y = 0; y < document.body.scrollHeight; y += 600) { window.scrollTo({ top: y, behavior: 'instant' }); await new Promise(r => setTimeout(r, 120)); }
    window.scrollTo({ top: 0, behavior: 'instant' });
  });
  await page.waitForTimeout(+(process.env.WAIT ?? 800));
  const info = await page.evaluate(() => ({
    math: document.querySelectorAll('span.math, div.math, .output .math').length,
    mjx: document.querySelectorAll('mjx-container').length, katex: document.querySelectorAll('.katex').length,
    merr: document.querySelectorAll('mjx-merror, [data-mjx-error], .katex-error').length,
    wide: document.documentElement.scrollWidth - innerWidth,
    imgs: document.images.length, broken: [...document.images].filter(i => i.complete && !i.naturalWidth).map(i => i.src),
    plots: document.querySelectorAll('.js-plotly-plot').length, canvas: document.querySelectorAll('canvas').length, gl: document.querySelectorAll('.gl-container canvas').length,
    vega: document.querySelectorAll('.vega-embed svg, .vega-embed canvas').length, widgets: document.querySelectorAll('.jupyter-widgets, .widget-slider').length }));
  if (info.broken.length) log.push('broken images: ' + info.broken);
  if (info.wide > 0) log.push(`the page is ${info.wide} px wider than the window`);
  if (info.merr) log.push('maths errors: ' + info.merr);
  if (info.math && !info.mjx && !info.katex) log.push('maths not typeset');
  if (shots) await page.screenshot({ animations: 'disabled', path: path.join(shots, p.replace(/[\/]/g, '_').replace(/\.html$/, '.png')), fullPage: process.env.FULL === '1' });
  if (axe) {
    await page.addScriptTag({ path: require.resolve('axe-core/axe.min.js') });
    const res = await page.evaluate(() => axe.run());
    for (const v of res.violations) { const k = `${v.impact} ${v.id}: ${v.help}`; const s = axeSum.get(k) ?? { pages: 0, nodes: 0, eg: v.nodes[0].html.slice(0, 140) }; s.pages++; s.nodes += v.nodes.length; axeSum.set(k, s); }
  }
  bad += log.filter(l => !l.startsWith('console.warning')).length;
  console.log(`${log.some(l => !l.startsWith('console.warning')) ? 'BAD' : 'ok '} ${p}  ${Date.now() - t} ms  ${n} req ${(bytes / 1e6).toFixed(2)} MB  ${JSON.stringify({ ...info, broken: info.broken.length })}`);
  for (const l of new Set(log)) console.log('      ' + l);
  await page.close();
}
console.log('external URLs requested:', external.size); for (const [u, k] of external) console.log('   ', k, u);
if (axe) { console.log('axe violations:'); for (const [k, s] of axeSum) console.log(`    ${k}  pages=${s.pages} nodes=${s.nodes}  e.g. ${s.eg}`); }
await ctx.close(); server.close(); await rm(profile, { recursive: true, force: true });
process.exit(bad || external.size ? 1 : 0);
