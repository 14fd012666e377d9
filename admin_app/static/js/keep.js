// What waits on this device until it can be sent: IndexedDB, encrypted with a key that never leaves the browser.
// A record belongs to one person; taking her key away at sign-out makes whatever is left of it unreadable.
const NAME = "caredesk";
const WORDS = new TextEncoder();
let opened = null;

function base() {
  opened ??= new Promise((done, fail) => {
    const asked = indexedDB.open(NAME, 1);
    asked.onupgradeneeded = () => {
      asked.result.createObjectStore("kept", { keyPath: "id" });
      asked.result.createObjectStore("keys");
    };
    asked.onsuccess = () => done(asked.result);
    asked.onerror = () => { opened = null; fail(asked.error); };
  });
  return opened;
}

/** One request on one store; resolves when the transaction is on the disk. */
async function run(store, mode, ask) {
  const open = (await base()).transaction(store, mode);
  const asked = ask(open.objectStore(store));
  return new Promise((done, fail) => {
    open.oncomplete = () => done(asked?.result);
    open.onabort = open.onerror = () => fail(open.error);
  });
}

async function keyOf(person) {
  const known = await run("keys", "readonly", (keys) => keys.get(person));
  if (known) return known;
  const made = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
  try { await run("keys", "readwrite", (keys) => keys.add(made, person)); } catch { /* another tab was faster */ }
  return run("keys", "readonly", (keys) => keys.get(person));
}

async function seal(key, data) {
  const iv = crypto.getRandomValues(new Uint8Array(12));
  return { iv, data: await crypto.subtle.encrypt({ name: "AES-GCM", iv }, key, data) };
}

const unseal = (key, sealed) => crypto.subtle.decrypt({ name: "AES-GCM", iv: sealed.iv }, key, sealed.data);

/** Keep {id, person, kind, words, photos}: `words` is plain data, `photos` a list of {name, type, data}. */
export async function put({ id, person, kind, words, photos = [] }) {
  const key = await keyOf(person);
  const record = { id, person, kind, at: Date.now(), sealed: await seal(key, WORDS.encode(JSON.stringify(words))), photos: [] };
  for (const one of photos) record.photos.push({ type: one.type, sealed: await seal(key, one.data) });
  await run("kept", "readwrite", (kept) => kept.put(record));
}

async function opening(record) {
  const key = await keyOf(record.person);
  try {
    const words = JSON.parse(new TextDecoder().decode(await unseal(key, record.sealed)));
    const photos = [];
    for (const [number, one] of record.photos.entries()) photos.push({ name: `photo-${number + 1}`, type: one.type, data: await unseal(key, one.sealed) });
    return { ...record, words, photos };
  } catch { return null; }
}

/** Everything of one kind that a person has waiting, the oldest first. */
export async function all(person, kind) {
  const records = (await run("kept", "readonly", (kept) => kept.getAll())).filter((one) => one.person === person && one.kind === kind);
  const found = (await Promise.all(records.map(opening))).filter(Boolean);
  return found.sort((one, other) => one.words.at - other.words.at);
}

/** One record of a person, or null. */
export async function get(id, person) {
  const record = await run("kept", "readonly", (kept) => kept.get(id));
  return record?.person === person ? opening(record) : null;
}

export const remove = (id) => run("kept", "readwrite", (kept) => kept.delete(id));

/** Forget everything of a person. */
export async function clear(person) {
  const records = await run("kept", "readonly", (kept) => kept.getAll());
  for (const one of records) if (one.person === person) await remove(one.id);
  await run("keys", "readwrite", (keys) => keys.delete(person));
}
