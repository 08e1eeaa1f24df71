/** Module, text to replace (it must be there, once), and what stands in its place. */
const MUTATIONS = {
  // A lane waits until somebody answers.
  deadline: [
    '/venue/claim-client.js',
    "part < SENDS ? { type: 'resend' } : { type: 'deadline' }",
    "{ type: 'resend' }",
  ],
  // Answers and counted entries are kept in memory only: a hub that is killed has forgotten them and does not know it.
  durable: [
    '/store/venue-store.js',
    'async commit(puts) {',
    `#overlay = new Map();
    get(key) {
        if (this.#overlay.has(key)) return this.#overlay.get(key);
        const text = this.#db.getSync(key);
        return text === undefined ? undefined : decodeJson(text, 'venue');
    }
    async commit(all) {
        const puts = all.filter(({ key }) => !key.startsWith('a!') && !key.startsWith('u!'));
        for (const { key, value } of all) if (!puts.some((p) => p.key === key)) this.#overlay.set(key, value);`,
  ],
};

export async function load(url, context, next) {
  const loaded = await next(url, context);
  const [file, text, instead] = MUTATIONS[process.env.MUTATE] ?? [];
  if (file === undefined || !url.endsWith(file)) return loaded;
  const source = String(loaded.source);
  if (source.split(text).length !== 2) throw new Error(`mutation ${process.env.MUTATE} does not fit ${url}`);
  return { ...loaded, source: source.replace(text, () => instead) };
}
