// Small pieces that the page is made of: times, badges, tables.

import { el } from './dom.js'

// duration says a span of milliseconds in its largest units.
export function duration(ms) {
  const s = Math.max(0, Math.round(ms / 1000))
  if (s < 60) return s + '\u00a0s'
  if (s < 3600) return Math.floor(s / 60) + '\u00a0min' + (s % 60 ? ' ' + s % 60 + '\u00a0s' : '')
  if (s < 86400) return Math.floor(s / 3600) + '\u00a0h ' + (Math.floor(s / 60) % 60) + '\u00a0min'
  return Math.floor(s / 86400) + '\u00a0d ' + (Math.floor(s / 3600) % 24) + '\u00a0h'
}

const iso = at => new Date(at).toISOString()

// clock is the time of the day, moment the date too; both are UTC, as in the logs of the services.
export const clock = at => el('time', { datetime: at, title: moment(at) }, iso(at).slice(11, 19))
export const moment = at => iso(at).slice(0, 19).replace('T', ' ') + ' UTC'
export const when = at => el('time', { datetime: at }, moment(at))

// badge tells a state by word, by sign and by colour. kind is good, busy, bad or plain.
const signs = { good: '●', busy: '◐', bad: '▲', plain: '○' }
export const badge = (kind, text) => el('span', { class: 'badge ' + kind },
  el('span', { 'aria-hidden': 'true' }, signs[kind]), ' ', text)

// quantity is "1 call" or "2 calls".
export const quantity = (n, what) => n + ' ' + what + (n === 1 ? '' : 's')

// milliseconds with as many digits as tell something.
export const ms = v => v >= 100 ? v.toFixed(0) : v >= 1 ? v.toFixed(1) : v.toFixed(2)

// table has a caption for those who do not see the heading. On narrow screens its rows become blocks, which is why the
// roles are spelt out and each cell knows its heading. A row is {key, cells}, a cell a list of what is in it.
export function table(caption, heads, rows, kind) {
  return el('table', { key: kind, class: 'rows ' + kind, role: 'table' },
    el('caption', { class: 'unseen' }, caption),
    el('thead', { role: 'rowgroup' }, el('tr', { role: 'row' }, heads.map(h =>
      el('th', { scope: 'col', role: 'columnheader', class: h.number && 'number' }, h.text)))),
    el('tbody', { role: 'rowgroup' }, rows.map(r => el('tr', { key: r.key, role: 'row' }, r.cells.map((c, i) =>
      el('td', { role: 'cell', class: heads[i].number && 'number', 'data-head': heads[i].text }, c))))))
}
