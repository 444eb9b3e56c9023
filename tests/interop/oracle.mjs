// What Yjs makes of updates. Speaks JSON lines with the test:
//   in:  {"kind": "text" | "rich", "updates": [hex, …]}
//   in:  {"steps": [{"client": id, "insert": […]} or "delete" or "format", …]}; out: {"updates": [hex, …]}
//   out: {"content": …, "clocks": {client: clock}, "ms": …} or {"error": …}; content as tests/support/oracle.py reads it
import { createInterface } from 'node:readline';

import * as Y from 'yjs';

function tree(type) {
  if (type instanceof Y.XmlText || type instanceof Y.Text) {
    const runs = [];
    for (const { insert, attributes } of type.toDelta()) {
      const last = runs.at(-1);
      const marks = attributes ?? {};
      if (last && typeof last[0] === 'string' && typeof insert === 'string' && JSON.stringify(last[1]) === JSON.stringify(marks)) last[0] += insert;
      else runs.push([insert, marks]);
    }
    return { text: runs };
  }
  if (type instanceof Y.XmlElement) {
    const attributes = Object.fromEntries(Object.entries(type.getAttributes()).filter(([, value]) => value != null));
    return { name: type.nodeName, attributes, children: type.toArray().map(tree) };
  }
  return { children: type.toArray().map(tree) };
}

/** Edits by stock clients, each on what all before it wrote; the updates they send. */
function written(steps) {
  const updates = [];
  for (const { client, insert, delete: gone, format } of steps) {
    const doc = new Y.Doc();
    for (const update of updates) Y.applyUpdate(doc, update);
    doc.clientID = client;
    doc.on('update', (update) => updates.push(update));
    const text = doc.getText('content');
    if (insert) text.insert(...insert);
    if (gone) text.delete(...gone);
    if (format) text.format(...format);
  }
  return updates.map((update) => Buffer.from(update).toString('hex'));
}

for await (const line of createInterface({ input: process.stdin })) {
  const { kind, updates, steps } = JSON.parse(line);
  if (steps) {
    process.stdout.write(`${JSON.stringify({ updates: written(steps) })}\n`);
    continue;
  }
  const started = performance.now();
  let answer;
  try {
    const doc = new Y.Doc();
    const root = kind === 'text' ? doc.getText('content') : doc.getXmlFragment('default');
    for (const update of updates) Y.applyUpdate(doc, Buffer.from(update, 'hex'));
    const clocks = Object.fromEntries([...doc.store.clients.keys()].map((client) => [client, Y.getState(doc.store, client)]));
    answer = { content: kind === 'text' ? root.toString() : tree(root), clocks, ms: performance.now() - started };
  } catch (error) {
    answer = { error: String(error?.stack ?? error) };
  }
  process.stdout.write(`${JSON.stringify(answer, (_, value) => (typeof value === "bigint" ? Number(value) : value))}\n`);
}
