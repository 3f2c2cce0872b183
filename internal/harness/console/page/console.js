// Asks the harness for its state once a second and shows it.

import { el, render } from './dom.js'
import { badge, clock, moment, ms, quantity, table } from './format.js'
import { card, empty } from './ledger.js'

const EVERY = 1000
const PATIENCE = 5000
const at = id => document.getElementById(id)

let statuses = null // encryption status by ledger, as last shown
let lost = null // when the harness stopped answering, or null

function show(state) {
  const keys = new Map(state.keys.map(k => [k.arn, k]))
  render(at('overview'), state.ledgers.length ? overview(state) : [])
  render(at('ledger-list'), state.ledgers.length ? state.ledgers.map(l => card(l, keys, state)) : empty(state))
  render(at('latency-list'), latency(state.operations))
  render(at('record-list'), records(state.events))
  render(at('foot'),
    el('span', {}, state.endpoint), el('span', {}, `account ${state.account}`), el('span', {}, state.region),
    el('span', {}, `data in ${state.data_dir}`), el('span', {}, `harness clock ${moment(state.now)}`))
  const bad = state.ledgers.filter(l => l.encryption_status === 'KMS_KEY_INACCESSIBLE').length
  document.title = (bad ? `(${bad} inaccessible) ` : '') + 'qldbkms harness'
  announce(state.ledgers)
}

// announce tells those who listen what changed, and nothing else.
function announce(ledgers) {
  const now = new Map(ledgers.map(l => [[l.account, l.region, l.name].join('/'), l]))
  if (statuses) {
    const news = []
    for (const [id, l] of now) {
      if (!statuses.has(id)) news.push(`${l.name} is there.`)
      else if (statuses.get(id) !== l.encryption_status) news.push(`${l.name}: ${l.encryption_status}.`)
    }
    for (const id of statuses.keys()) if (!now.has(id)) news.push(`${id.slice(id.lastIndexOf('/') + 1)} is gone.`)
    if (news.length) at('announce').textContent = news.join(' ')
  }
  statuses = new Map([...now].map(([id, l]) => [id, l.encryption_status]))
}

function overview(state) {
  const count = status => state.ledgers.filter(l => l.encryption_status === status).length
  const errors = state.keys.reduce((n, k) => n + k.findings.filter(f => f.severity === 'error').length, 0)
  const tile = (kind, n, what) => el('li', { class: n ? kind : 'none', key: what }, el('strong', {}, n), ' ', what)
  return el('ul', { class: 'tiles', 'aria-label': 'Overview' },
    tile('all', state.ledgers.length, state.ledgers.length === 1 ? 'ledger' : 'ledgers'),
    tile('good', count('ENABLED'), 'ENABLED'),
    tile('busy', count('UPDATING'), 'UPDATING'),
    tile('bad', count('KMS_KEY_INACCESSIBLE'), 'KMS_KEY_\u200bINACCESSIBLE'),
    tile('bad', errors, errors === 1 ? 'policy error' : 'policy errors'))
}

function latency(operations) {
  if (!operations.length) return el('p', { class: 'quiet' }, 'Nothing was called yet.')
  const heads = [{ text: 'Operation' }, { text: 'Latest calls' }, { text: 'p50 ms', number: true }, { text: 'p99 ms', number: true },
    { text: 'max ms', number: true }, { text: 'calls', number: true }, { text: 'failed', number: true }]
  return table('Latency by operation, in milliseconds', heads, operations.map(o => ({
    key: o.service + ' ' + o.name, cells: [
      [el('span', { class: 'quiet' }, o.service + ' '), o.name], [chart(o)], [ms(o.p50)], [ms(o.p99)], [ms(o.max)], [o.count],
      [o.failed ? el('span', { class: 'count bad' }, o.failed) : '0'],
    ],
  })), 'latency')
}

// chart has one bar per call, newest at the right; failed ones are hollow.
function chart(o) {
  const top = Math.max(...o.recent.map(p => p.ms), 0.001)
  const failed = o.recent.filter(p => p.failed).length
  const from = 40 - o.recent.length
  return el('svg', { class: 'chart', viewBox: '0 0 160 28', role: 'img', 'aria-label':
    `${quantity(o.recent.length, 'call')}, the slowest ${ms(top)} ms, ${failed} failed` },
  el('path', { class: 'base', d: 'M0 27.5H160' }),
  o.recent.map((p, i) => {
    const h = Math.max(2, p.ms / top * 24)
    return el('rect', { class: p.failed ? 'failed' : '', x: (from + i) * 4 + 0.5, y: 27 - h, width: 3, height: h })
  }))
}

// tail is what tells one ARN from the next: what comes after account and service.
const tail = arn => arn.startsWith('arn:') ? arn.split(':').slice(5).join(':') : arn

function records(events) {
  if (!events.length) return el('p', { class: 'quiet' }, 'Nothing was recorded since the harness started.')
  const heads = [{ text: 'Time' }, { text: 'Event' }, { text: 'On' }, { text: 'By' }, { text: 'Outcome' }]
  return table('The latest audit records, newest first', heads, events.map(e => ({
    key: e.id, cells: [
      [clock(e.time)], [el('span', { class: 'quiet' }, e.source.replace('.amazonaws.com', '') + ' '), e.name,
        e.times > 1 && el('span', { class: 'quiet' }, ` × ${e.times}`)],
      (e.resources ?? []).map(r => el('div', { class: 'mono', title: r }, tail(r))), [el('span', { title: e.caller }, tail(e.caller))],
      [e.error ? badge('bad', e.error) : badge('good', 'ok')],
    ],
  })), 'records')
}

// look is the harness's state; the error says in its message what to tell the reader.
async function look() {
  let answer, text
  try {
    answer = await fetch('/_harness/console/state', { signal: AbortSignal.timeout(PATIENCE) })
    text = await answer.text()
  } catch {
    throw new Error(`The harness does not answer since ${(lost ?? new Date()).toISOString().slice(11, 19)} UTC: it was ` +
      'stopped, or is busy. What is below is how it was then. Once it runs again, this page goes on by itself.')
  }
  if (answer.ok) return JSON.parse(text)
  let reason = text
  try { reason = JSON.parse(text).error } catch { /* it is plain text */ }
  throw new Error(`The harness could not show its state: ${reason}`)
}

async function tick() {
  let state, trouble = ''
  try {
    state = await look()
    lost = null
  } catch (err) {
    lost ??= new Date()
    trouble = err.message
  }
  if (state) show(state)
  say(trouble)
}

// say shows what is wrong, if anything is.
function say(trouble) {
  const place = at('trouble')
  if (place.textContent !== trouble) place.textContent = trouble
  place.hidden = !trouble
  at('link').className = 'link ' + (trouble ? 'bad' : 'good')
  at('link').textContent = trouble ? '▲ not answering' : '● live'
  document.body.classList.toggle('stale', trouble !== '')
}

// A page nobody looks at asks for nothing.
async function run() {
  for (;;) {
    if (document.hidden) await new Promise(seen => document.addEventListener('visibilitychange', seen, { once: true }))
    try {
      await tick()
    } catch (err) {
      console.error(err)
      say(`This page has a fault: ${err.message}`)
    }
    await new Promise(over => setTimeout(over, EVERY))
  }
}

run()
