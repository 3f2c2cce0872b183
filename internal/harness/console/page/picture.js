// The key hierarchy of a ledger as a picture: KMS key, root node, nodes, segment keys, data, each wrapped or sealed by
// the one above it. While the ledger moves to another key there are two of the first two.

import { el } from './dom.js'

const WIDTH = 340

// short keeps both ends of an id, by which people tell ids apart.
export const short = id => id.length > 16 ? id.slice(0, 8) + '…' + id.slice(-4) : id

export const isOwned = arn => arn === 'AWS_OWNED_KMS_KEY'

// keyName is the id in a key ARN.
export const keyName = arn => isOwned(arn) ? 'AWS owned key' : arn.slice(arn.lastIndexOf('/') + 1)

const box = (x, y, w, h, kind, lines) => el('g', { class: 'box ' + kind },
  el('rect', { x, y, width: w, height: h, rx: 8 }),
  lines.map(([text, style], i) => el('text', {
    x: x + w / 2, y: y + h / 2 + (i - (lines.length - 1) / 2) * 17 + 4.5, class: style, 'text-anchor': 'middle',
  }, text)))

const arrow = (x1, y1, x2, y2, kind, label) => el('g', { class: 'edge ' + kind },
  el('path', { d: `M${x1} ${y1}V${(y1 + y2) / 2 - 6}C${x1} ${y2 - 12} ${x2} ${y1 + 12} ${x2} ${(y1 + y2) / 2 + 6}V${y2 - 7}` }),
  el('path', { class: 'head', d: `M${x2 - 5} ${y2 - 8}h10l-5 7z` }),
  kind === 'cut' && el('path', { class: 'cross', d: `M${x1 - 7} ${(y1 + y2) / 2 - 7}l14 14m0 -14l-14 14` }),
  label && el('text', { x: x1 + 14, y: (y1 + y2) / 2 + 4, class: 'label' }, label))

// picture draws the hierarchy of a ledger. keys are the KMS keys by ARN, of the harness's own KMS.
export function picture(ledger, keys, { kms }) {
  const cut = ledger.encryption_status === 'KMS_KEY_INACCESSIBLE'
  const nodes = ledger.next ? [ledger.root, ledger.next] : [ledger.root]
  const w = nodes.length > 1 ? 162 : 300
  const shapes = nodes.map((node, i) => {
    const x = nodes.length > 1 ? i * (WIDTH - w) : (WIDTH - w) / 2
    const mid = x + w / 2
    const key = keys.get(node.key_arn)
    const state = isOwned(node.key_arn) ? 'kept by QLDB' : key?.state ?? (kms ? 'in another KMS' : 'deleted')
    const usable = isOwned(node.key_arn) || key?.state === 'Enabled' || !key && !cut
    const title = nodes.length > 1 ? ['KMS key, from', 'KMS key, to'][i] : 'KMS key'
    const how = node.grant_id ? (nodes.length > 1 ? 'by grant' : 'by grant ' + short(node.grant_id)) : ''
    return [
      box(x, 1, w, 66, usable ? 'good' : 'bad', [
        [title, 'title'], [short(keyName(node.key_arn)), 'mono'], [state, usable ? 'state' : 'state no'],
      ]),
      arrow(mid, 67, mid, 109, cut ? 'cut' : i ? 'coming' : '', how),
      box(x, 109, w, 66, cut ? 'shut' : '', [
        ['Root node', 'title'], [nodes.length > 1 ? short(node.id) : node.id, 'mono'], ['version ' + node.version, 'state'],
      ]),
    ]
  })
  const shut = cut ? 'shut' : ''
  return el('svg', { class: 'picture', viewBox: `0 0 ${WIDTH} 432`, role: 'img', 'aria-label': words(ledger, keys, nodes, cut) },
    shapes,
    branches(ledger, nodes.length, shut),
    box(0, 313, WIDTH, 44, shut, [['Segment keys', 'title'], ['each for a limited number of sealings', 'state']]),
    arrow(WIDTH / 2, 357, WIDTH / 2, 387, shut, 'seal'),
    box(0, 387, WIDTH, 44, cut ? 'shut' : 'data', [
      ['Data', 'title'], [cut ? 'nothing of it can be read' : 'blocks, index values, catalog', 'state'],
    ]))
}

// branches are the nodes below the root node, with what leads to them and on.
function branches(ledger, roots, shut) {
  const from = n => roots > 1 ? 81 + n * (WIDTH - 162) : WIDTH / 2
  const list = ledger.branches?.length
    ? ledger.branches.map(b => [[b.role + ' node', 'title'], [short(b.id), 'mono'], ['version ' + b.version, 'state']])
    : [[['Node keys', 'title'], ['strand, index, catalog', 'state']]]
  const w = (WIDTH - 8 * (list.length - 1)) / list.length
  return list.map((lines, i) => {
    const mid = i * (w + 8) + w / 2
    return [
      Array.from({ length: roots }, (_, n) => arrow(from(n), 175, mid, 213, shut || (n ? 'coming' : ''))),
      box(mid - w / 2, 213, w, 62, shut, lines),
      arrow(mid, 275, mid, 313, shut),
    ]
  })
}

function words(ledger, keys, nodes, cut) {
  const chains = nodes.map(n => `KMS key ${keyName(n.key_arn)}` +
    (keys.get(n.key_arn) ? ` (${keys.get(n.key_arn).state})` : '') + ` wraps root node ${n.id} version ${n.version}`)
  const branches = (ledger.branches ?? []).map(b => `the ${b.role} node ${b.id} version ${b.version}`).join(', ') || 'the node keys'
  return `Key hierarchy of ${ledger.name}: ${chains.join('; ')}; it wraps ${branches}, and they the segment keys that seal the data.` +
    (cut ? ' The key cannot be used, so nothing can be read.' : '')
}
