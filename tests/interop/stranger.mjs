// A resilient client of the hub's live socket, written from docs/protocol.md alone ("§" are its sections)
// by somebody who saw nothing else of the hub.
// node stranger.mjs <http://host:port> <token>; JSON lines in and out.
import { createInterface } from 'node:readline'
import { randomUUID } from 'node:crypto'
import WebSocket from 'ws'
import * as Y from 'yjs'
import * as encoding from 'lib0/encoding'
import * as decoding from 'lib0/decoding'
import { writeSyncStep1, writeSyncStep2, writeUpdate } from 'y-protocols/sync'

const [base, token] = process.argv.slice(2)
const MIB = 1 << 20
const PING_MS = 20_000, DEAD_MS = 15_000            // §3 "ping": every 20 s; an answer is due well before §6's 90 s
const FIRST_PAUSE = 50, LONGEST_PAUSE = 2000
const out = (line) => process.stdout.write(JSON.stringify(line) + '\n')
const temporary = (e) => typeof e.retry_after_s === 'number'      // §1 "Whether to try again"
const delayOf = (e) => 1000 * e.retry_after_s

// ---------------------------------------------------------------- the connection (§3, §5, §6)

const link = { ws: null, up: false, welcomes: 0, pause: FIRST_PAUSE, nextId: 1, pending: new Map(), heard: 0, timer: null }

function connect() {
  const ws = link.ws = new WebSocket(base.replace(/^http/, 'ws') + '/live', ['hub.live.v1'],
    { headers: { Authorization: `Bearer ${token}` }, handshakeTimeout: 10_000 })
  ws.binaryType = 'nodebuffer'
  let refusal = null
  ws.on('message', (data, binary) => {
    if (ws !== link.ws) return
    link.heard = Date.now()
    if (binary) onBinary(new Uint8Array(data))
    else onText(data.toString())
  })
  ws.on('unexpected-response', (req, res) => {          // the upgrade itself was refused: a problem document (§1)
    let body = ''
    res.on('data', (d) => { body += d })
    const done = () => { refusal ??= { status: res.statusCode, ...safeJson(body) }; req.destroy(); lost(ws, 0, '', refusal) }
    res.on('end', done).on('error', done)
  })
  ws.on('error', () => {})                              // 'close' follows
  ws.on('close', (code, reason) => lost(ws, code, reason.toString(), refusal))
}

function safeJson(text) { try { return JSON.parse(text) } catch { return {} } }

function lost(ws, code, reason, refusal) {
  if (ws !== link.ws) return
  link.ws = null; link.up = false
  clearInterval(link.timer)
  link.pending.clear()                                  // whatever waited is asked again after the next welcome
  channel.inflight = false
  if (page) closedHere()
  if (ending === 2) process.exit(0)
  if (code >= 4400 && code <= 4499) return gone(reason || String(code))      // §6: do not retry
  if (refusal && refusal.status < 500 && ![408, 425, 429].includes(refusal.status) && refusal.status >= 400)
    return gone(refusal.code ?? `http ${refusal.status}`)
  if ([1012, 1013, 4529, 4501].includes(code) || refusal) link.pause = Math.max(link.pause, 400)
  setTimeout(connect, link.pause * (0.5 + Math.random()))
  link.pause = Math.min(LONGEST_PAUSE, link.pause * 2)
}

function gone(reason) { out({ gone: reason }); process.exit(2) }

/** Send a command (§3). Replies are matched by `re`; callbacks run in the order of the frames. */
function command(fields, ok, error = () => {}) {
  if (!link.up) return
  const id = link.nextId++
  link.pending.set(id, { ok, error })
  link.ws.send(JSON.stringify({ id, ...fields }))
}

function later(ms, work) {                              // only if it is still the same connection
  const ws = link.ws
  setTimeout(() => { if (ws && ws === link.ws && link.up) work() }, ms)
}

function onWelcome() {
  link.up = true; link.pause = FIRST_PAUSE; link.heard = Date.now()
  out({ connected: ++link.welcomes })
  link.timer = setInterval(() => {
    if (Date.now() - link.heard > PING_MS + DEAD_MS) return link.ws.terminate()
    command({ cmd: 'ping' }, () => {})
  }, PING_MS)
  subscribe(); pumpPosts(); openPage()
}

function onText(text) {
  const f = safeJson(text)
  switch (f.t) {                                        // §3: pass over frames that you do not know
    case 'welcome': return onWelcome()
    case 'ok': case 'error': {
      const p = link.pending.get(f.re)
      link.pending.delete(f.re)
      if (!p) { if (f.t === 'error') out({ error: f }); return }
      return f.t === 'ok' ? p.ok(f.result ?? null) : p.error(f)
    }
    case 'event': return onEvent(f)
    case 'removed': if (f.thread === channel.thread) { channel.stopped = true; out({ error: { code: 'removed', thread: f.thread } }) } return
    case 'demoted': out({ error: { code: 'demoted', thread: f.thread, role: f.role } }); return
    case 'durable': return onDurable(f)
    case 'refused': return onRefused(f)
    case 'document_reset': return onReset(f)
    case 'closing': if (ending !== 2) out({ error: f }); return
  }
}

// ---------------------------------------------------------------- the thread (§2, §3)

const channel = { thread: null, last: 0, subscribing: false, stopped: false, posts: [], inflight: false }

function subscribe() {
  if (!channel.thread || channel.stopped || !link.up) return
  channel.subscribing = true
  command({ cmd: 'subscribe', thread: channel.thread, after: channel.last }, (r) => {
    channel.subscribing = false
    if (r.first > channel.last + 1) channel.last = r.first - 1   // `first`: of what is before nothing comes
  }, (e) => {
    channel.subscribing = false
    if (temporary(e)) return later(delayOf(e), subscribe)
    out({ error: e })
    if (e.code === 'after_unknown' && channel.last > 0) { channel.last = 0; return subscribe() }  // read it anew
    channel.stopped = true
  })
}

function onEvent(f) {
  if (f.thread !== channel.thread || f.seq <= channel.last) return   // not above the last seq: passed over
  if (f.seq > channel.last + 1) { if (!channel.subscribing) subscribe(); return }   // one is missing: ask again
  channel.last = f.seq
  out({ event: f })
}

/** One post in flight, so that one which must wait ("busy") is not overtaken by the next (§3 Order, §2 send_id). */
function pumpPosts() {
  if (channel.inflight || !channel.posts.length || !link.up) return maybeEnd()
  const post = channel.posts[0]
  channel.inflight = true
  const finish = (line) => { channel.inflight = false; channel.posts.shift(); out(line); pumpPosts() }
  command({ cmd: 'post', ...post }, (r) => finish({ ok: r.seq, send_id: post.send_id }), (e) => {
    if (!temporary(e)) return finish({ error: { ...e, send_id: post.send_id } })
    channel.inflight = false
    later(delayOf(e), pumpPosts)
  })
}

// ---------------------------------------------------------------- the document (§4)

let page = null
function newPage(id) {
  return { id, doc: null, kind: null, lineage: null, mode: 'edit', spare: [], edits: [], unsaved: [], synced: false,
    asking: false, number: null, greeted: false, sent: 0, acked: 0, all: false, saved: false, opening: 0 }
}

function closedHere() {                                 // what is true for one opening only
  Object.assign(page, { asking: false, number: null, greeted: false, sent: 0, acked: 0, all: false, saved: false })
  page.opening++
}

/** §4.1 and 4.2: first a client id that is ours, then open. A spare id is at hand for a copy that must be discarded. */
function openPage() {
  if (!page || !link.up || page.asking || page.number !== null) return
  page.asking = true
  const failed = (e) => {
    page.asking = false
    if (temporary(e)) return later(delayOf(e), openPage)
    out({ error: e }); page.failed = true; maybeEnd()
  }
  if (page.spare.length < 2)
    return command({ cmd: 'lease_client_ids', document: page.id, count: 2 },
      (r) => { page.spare.push(...r.ids); page.asking = false; openPage() }, failed)
  command({ cmd: 'open_document', document: page.id, schema_version: 2, lineage: page.lineage }, onOpened, failed)
}

function onOpened(r) {
  closedHere()
  page.number = r.number; page.kind = r.kind; page.mode = r.mode
  if (r.reset && page.doc) { out({ error: { code: 'lineage', lost: content() } }); page.doc = null }
  page.lineage = r.lineage
  if (!page.doc) newCopy()
  if (r.state_bytes > MIB && !page.synced) return fetchState()   // §4.2; a copy that is nearly there asks, `fetch` may answer
  askForAll()
}

function newCopy() {
  const doc = page.doc = new Y.Doc()
  doc.clientID = page.spare.shift()
  page.synced = false; page.unsaved = []
  doc.on('update', (update, origin) => {
    if (page.doc !== doc) return
    out(content())
    if (origin === 'hub') return
    page.saved = false
    page.unsaved.push(update)
    if (page.greeted) sendSync((e) => writeUpdate(e, update), true)  // before our step 2: it goes with that
  })
}

const text = () => page.doc.getText('content')
const xml = () => page.doc.getXmlFragment('default')
const content = () => page.kind === 'text' ? { text: text().toString() } : { xml: xml().toString() }

/** §4 binary frames: kind 1, the number in 8 bytes, a sync message without its outer type. `counted`: step 2 and updates. */
function sendSync(write, counted) {
  const e = encoding.createEncoder()
  encoding.writeUint8(e, 1)
  const number = new Uint8Array(8)
  new DataView(number.buffer).setBigUint64(0, BigInt(page.number))
  encoding.writeUint8Array(e, number)
  write(e)
  if (counted) page.sent++
  link.ws.send(encoding.toUint8Array(e))
}

function askForAll() { sendSync((e) => writeSyncStep1(e, page.doc), false) }

function onBinary(frame) {
  if (!page || page.number === null || frame.length < 10 || frame[0] !== 1) return    // awareness (2) is not of interest
  const number = Number(new DataView(frame.buffer, frame.byteOffset + 1, 8).getBigUint64(0))
  if (number !== page.number) return
  const d = decoding.createDecoder(frame.subarray(9))
  const subtype = decoding.readVarUint(d)
  if (subtype > 2) return
  const payload = decoding.readVarUint8Array(d)
  if (subtype === 0) {                                  // §4.3: answer with step 2; it carries all that was not acknowledged
    page.greeted = true
    if (Y.encodeStateAsUpdate(page.doc, payload).length < 4 * MIB - 64) sendSync((e) => writeSyncStep2(e, page.doc, payload), true)
    else for (const update of page.unsaved) sendSync((e) => writeUpdate(e, update), true)   // §5: no frame above 4 MiB
    return
  }
  Y.applyUpdate(page.doc, payload, 'hub')
  if (subtype === 1) becameSynced()
}

function becameSynced() {
  page.synced = true
  if (page.edits.length) { const edits = page.edits; page.edits = []; edits.forEach(edit) }
  checkSaved()
}

/** §4.2 and `document_reset` "fetch": what is too large for the socket comes over HTTP; then a step 1. */
async function fetchState() {
  const { opening, doc } = page
  const same = () => page.opening === opening && page.doc === doc && page.number !== null
  try {
    const res = await fetch(`${base}/api/documents/${page.id}/state`, { headers: { Authorization: `Bearer ${token}` } })
    if (!res.ok) {
      const problem = { status: res.status, ...safeJson(await res.text()) }
      if (res.status < 500 && res.status !== 429 && !temporary(problem)) { out({ error: problem }); return }
      throw new Error(`status ${res.status}`)
    }
    const state = new Uint8Array(await res.arrayBuffer())
    if (!same()) return
    Y.applyUpdate(doc, state, 'hub')
    askForAll()
  } catch { setTimeout(() => { if (same()) fetchState() }, 500) }
}

function onDurable(f) {
  if (!page || f.document !== page.id || page.number === null) return
  page.acked = Math.max(page.acked, f.count)
  page.all ||= f.all
  checkSaved()
}

/** §4.4: nothing unsent, `count` has reached what was sent, `all` was seen. */
function checkSaved() {
  const now = page.number !== null && page.greeted && page.synced && page.acked >= page.sent && page.all && !page.edits.length
  if (now) page.unsaved = []
  if (now && !page.saved) out({ saved: true })
  page.saved = now
  maybeEnd()
}

/** What was refused is not there: resync from the same copy, or keep the words elsewhere (stdout) and discard the copy (§4.4). */
function onRefused(f) {
  if (!page || f.document !== page.id) return out({ refused: f })
  if (page.number === null) return out({ refused: f })
  const resync = f.again && (page.resyncs = (page.resyncs ?? 0) + 1) <= 5
  out({ refused: resync ? f : { ...f, lost: content() } })
  if (!resync) { page.doc = null; page.lineage = null; page.synced = false }
  closedHere()
  page.asking = true
  const again = () => { page.asking = false; later(resync ? 300 : 0, openPage) }
  command({ cmd: 'close_document', document: page.id }, again, again)
}

function onReset(f) {
  if (!page || f.document !== page.id || page.number === null) return
  if (f.action === 'fetch') return fetchState()
  closedHere()                                          // `open`: it is closed here already
  openPage()
}

// ---------------------------------------------------------------- what the driver says

function edit(line) {
  if (!page) return out({ error: { code: 'no_document', detail: 'open one first' } })
  if (!page.synced) return void page.edits.push(line)   // an index means nothing before the text is here
  if (page.mode === 'read') return out({ error: { code: 'read_only', detail: 'This document may only be read.' } })
  if ((page.kind === 'rich') !== ('paragraph' in line)) return out({ error: { code: 'wrong_kind', detail: JSON.stringify(line) } })
  if ('insert' in line) return insert(Math.min(line.insert[0], text().length), line.insert[1])
  if ('append' in line) return insert(text().length, line.append)
  page.doc.transact(() => {
    if ('delete' in line) {
      const [index, length] = line.delete
      if (index < text().length) text().delete(index, Math.min(length, text().length - index))
    } else {
      const node = new Y.XmlElement('paragraph')
      node.insert(0, [new Y.XmlText(line.paragraph)])
      xml().insert(xml().length, [node])
    }
  }, 'driver')
}

/** One update for every piece, never between the halves of a character (§4, §5: a frame is at most 4 MiB). */
function insert(index, words) {
  for (let at = 0; at < words.length;) {
    let to = Math.min(words.length, at + (MIB >> 1))
    if (to < words.length && /[\uD800-\uDBFF]/.test(words[to - 1])) to--
    text().insert(index + at, words.slice(at, to))
    at = to
  }
}

let ending = 0                                          // 1: asked for, 2: closing
function maybeEnd() {
  if (ending !== 1 || channel.posts.length || (page && !page.saved && !page.failed)) return
  ending = 2
  link.ws?.close(1000)
  setTimeout(() => process.exit(0), 1000)
}

function drive(line) {
  if ('follow' in line) { Object.assign(channel, { thread: line.follow, last: 0, stopped: false }); subscribe() }
  else if ('post' in line) {
    if (!channel.thread) return out({ error: { code: 'no_thread', detail: 'follow one first' } })
    channel.posts.push({ thread: channel.thread, send_id: randomUUID(), text: line.post })
    pumpPosts()
  } else if ('open' in line) { page = newPage(line.open); openPage() }
  else if ('end' in line) { ending ||= 1; maybeEnd() }
  else edit(line)
}

createInterface({ input: process.stdin }).on('line', (l) => { if (l.trim()) drive(JSON.parse(l)) })
  .on('close', () => { ending ||= 1; maybeEnd() })
connect()
