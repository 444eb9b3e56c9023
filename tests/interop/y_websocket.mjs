// The genuine y-websocket client on one document. Speaks tests/interop/stock.py.
import { createInterface } from 'node:readline';

import WebSocket from 'ws';
import { WebsocketProvider } from 'y-websocket';
import * as Y from 'yjs';

const [url, document, ticket] = process.argv.slice(2);
const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);

const doc = new Y.Doc();
const text = doc.getText('content');
const xml = doc.getXmlFragment('default');
const provider = new WebsocketProvider(url, document, doc, { params: { ticket }, WebSocketPolyfill: WebSocket, disableBc: true });
provider.on('status', ({ status }) => say({ status }));
provider.on('sync', (synced) => say({ synced }));
provider.on('connection-close', (event) => say({ closed: event?.code ?? null }));
text.observe(() => say({ text: text.toString() }));
xml.observeDeep(() => say({ xml: xml.toString() }));
provider.awareness.on('change', () => {
  const others = [...provider.awareness.getStates()].filter(([id]) => id !== doc.clientID);
  say({ presence: others.map(([, state]) => state) });
});

for await (const line of createInterface({ input: process.stdin })) {
  const order = JSON.parse(line);
  if (order.insert) text.insert(...order.insert);
  if (order.delete) text.delete(...order.delete);
  if (order.append) text.insert(text.length, order.append);
  if (order.remove && text.toString().includes(order.remove)) text.delete(text.toString().indexOf(order.remove), order.remove.length);
  if (order.xml) {
    const paragraph = new Y.XmlElement('paragraph');
    paragraph.insert(0, [new Y.XmlText(order.xml)]);
    xml.insert(xml.length, [paragraph]);
  }
  if (order.presence) provider.awareness.setLocalStateField('user', order.presence);
  if (order.end) break;
}
provider.destroy();
process.exit(0);
