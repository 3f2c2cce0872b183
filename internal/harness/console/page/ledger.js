// A ledger with its keys, as one card.

import { el } from './dom.js'
import { badge, duration, quantity, table, when } from './format.js'
import { isOwned, keyName, picture, short } from './picture.js'

const statusKinds = { ENABLED: 'good', UPDATING: 'busy', KMS_KEY_INACCESSIBLE: 'bad' }
const stateKinds = { ACTIVE: 'good', CREATING: 'busy', DELETING: 'busy' }
const keyKinds = { Enabled: 'good', Creating: 'busy', Updating: 'busy' }

export const fact = (name, ...value) => el('div', { class: 'fact', key: name }, el('dt', {}, name), el('dd', {}, value))

const code = text => el('code', {}, text)

export function card(ledger, keys, state) {
  const id = [ledger.account, ledger.region, ledger.name].join('/')
  const nodes = ledger.next ? [ledger.root, ledger.next] : [ledger.root]
  return el('article', { class: 'card ' + statusKinds[ledger.encryption_status], key: id, 'aria-label': 'Ledger ' + ledger.name },
    el('div', { class: 'head' },
      el('h3', {}, ledger.name),
      badge(stateKinds[ledger.state] ?? 'plain', ledger.state),
      badge(statusKinds[ledger.encryption_status] ?? 'plain', ledger.encryption_status),
      el('p', { class: 'place' }, `${ledger.region} · ${ledger.account}`)),
    notice(ledger, keys, state),
    el('div', { class: 'body' },
      el('figure', {}, picture(ledger, keys, state)),
      el('div', { class: 'facts' },
        el('dl', {}, journal(ledger)),
        nodes.map((node, i) => protection(ledger, node, keys, state, nodes.length > 1 ? ['Moves from', 'Moves to'][i] : 'Protected by')))),
  )
}

// notice says what a status other than ENABLED means, and what to do.
function notice(ledger, keys, state) {
  const now = Date.parse(state.now)
  if (ledger.encryption_status === 'UPDATING') {
    const left = Date.parse(ledger.key_change_due) - now
    return el('p', { class: 'notice busy', key: 'notice' },
      `The ledger moves from ${keyName(ledger.root.key_arn)} to ${keyName(ledger.next.key_arn)}. Reads and writes go on; ` +
      'both keys must stay usable until it is done' + (left > 0 ? `, in about ${duration(left)}.` : '.'))
  }
  if (ledger.encryption_status !== 'KMS_KEY_INACCESSIBLE') return null
  return el('p', { class: 'notice bad', key: 'notice' },
    el('strong', {}, 'The KMS key cannot be used since ', when(ledger.inaccessible_since), ` (${duration(now - Date.parse(ledger.inaccessible_since))}). `),
    'Every read and write is refused; nothing is lost. ', remedy(ledger, keys, state))
}

function remedy(ledger, keys, state) {
  for (const node of ledger.next ? [ledger.root, ledger.next] : [ledger.root]) {
    const key = keys.get(node.key_arn)
    const after = ' The ledger notices by itself.'
    if (isOwned(node.key_arn)) continue
    if (!key) return state.kms ? `The key is kept by ${state.kms}: look there what became of it.` : 'The key was deleted.'
    if (key.state === 'Disabled') return ['To give it back: ', code(`aws kms enable-key --key-id ${keyName(key.arn)}`), '.', after]
    if (key.state === 'PendingDeletion') {
      return ['The key is deleted for good on ', when(key.delete_at), '. To keep it: ',
        code(`aws kms cancel-key-deletion --key-id ${keyName(key.arn)}`), ', then enable it.', after]
    }
    if (node.grant_id && !key.more_grants && !key.grants.some(g => g.id === node.grant_id)) {
      return 'The grant by which QLDB uses the key is gone: update the ledger, naming the same key, and it gets another.'
    }
  }
  return null
}

function journal(ledger) {
  if (ledger.unread) return fact('Journal', el('span', { class: 'quiet' }, ledger.unread))
  return [
    fact('Tip', el('span', { class: 'mono' }, `${ledger.strand_id} / ${ledger.blocks - 1}`), ` (${quantity(ledger.blocks, 'block')})`),
    fact('Digest', el('span', { class: 'mono' }, ledger.digest)),
    fact('Tables', ledger.tables.length || ledger.dropped ? [
      el('ul', { class: 'chips' }, ledger.tables.map(t => el('li', { key: t.id, title: t.id }, t.name))),
      ledger.more > 0 && ` and ${ledger.more} more`,
      ledger.dropped > 0 && el('span', { class: 'quiet' }, ` ${ledger.dropped} dropped`),
    ] : el('span', { class: 'quiet' }, 'none yet')),
  ]
}

function protection(ledger, node, keys, state, title) {
  const key = keys.get(node.key_arn)
  const section = (...inside) => el('section', { class: 'key', key: title + node.key_arn, 'aria-label': title + ' ' + keyName(node.key_arn) },
    el('h4', {}, title), inside)
  if (isOwned(node.key_arn)) {
    return section(el('p', { class: 'quiet' },
      'The AWS owned key: nobody but QLDB can look at it, restrict it or switch it off. To have a key of your own, name one in kms_key.'))
  }
  if (!key) return section(el('dl', {}, fact('Key', el('span', { class: 'mono' }, node.key_arn))),
    el('p', { class: 'quiet' }, state.kms ? `Kept by ${state.kms}, which tells of its state, policy and grants.` : 'Not there any more: it was deleted.'))
  return section(
    el('dl', {},
      fact('Key', el('span', { class: 'mono' }, key.arn), key.description && el('span', { class: 'quiet' }, ' ' + key.description)),
      fact('State', badge(keyKinds[key.state] ?? 'bad', key.state),
        key.delete_at && [' until ', when(key.delete_at)],
        el('span', { class: 'quiet' }, ` ${key.spec}, ${quantity(key.materials, 'generation')} of key material, rotation ${key.rotation ? 'on' : 'off'}`)),
      fact('Aliases', aliases(key, ledger)),
      fact('Policy', verdict(key))),
    findings(key),
    grants(key, node))
}

// aliases says of each whether it still leads to the ledger's key. A ledger does not follow an alias that is moved.
function aliases(key, ledger) {
  if (!key.aliases.length) return el('span', { class: 'quiet' }, 'none')
  return el('ul', { class: 'lines' }, key.aliases.map(a => el('li', { key: a.name }, code(a.name), ' ',
    a.target_arn === key.arn ? badge('good', 'names this key')
      : a.target_arn === ledger.next?.key_arn ? badge('good', 'names the key it moves to')
        : [badge('busy', 'names another key now'), el('span', { class: 'quiet' },
        ` ${short(keyName(a.target_arn))} since `, when(a.updated), '. The ledger stays with its key until it is updated.')])))
}

const severities = ['error', 'warning', 'note']
const severityKinds = { error: 'bad', warning: 'busy', note: 'plain' }

function verdict(key) {
  if (!key.findings.length) return badge('good', `${quantity(key.judged, 'rule')}, nothing found`)
  return severities.map(s => [s, key.findings.filter(f => f.severity === s).length]).filter(([, n]) => n)
    .map(([s, n]) => [badge(severityKinds[s], quantity(n, s)), ' '])
}

function findings(key) {
  if (!key.findings.length) return null
  return el('ul', { class: 'findings', key: 'findings' }, key.findings.map((f, i) => el('li', { key: f.rule + i },
    el('details', { class: severityKinds[f.severity] },
      el('summary', {}, el('span', { class: 'rule' }, f.rule), ' ', f.summary, el('span', { class: 'unseen' }, `, ${f.severity}`)),
      el('p', {}, f.detail)))))
}

function grants(key, node) {
  const heads = [{ text: 'Grant' }, { text: 'Grantee' }, { text: 'Operations' }]
  const count = quantity(key.grants.length, 'grant').replace(/^(\d+)/, key.more_grants ? '$1 and more' : '$1')
  if (!key.grants.length) return el('p', { class: 'quiet', key: 'grants' }, 'No grants on the key.')
  return el('details', { class: 'more', key: 'grants' },
    el('summary', {}, count, ' on the key'),
    table('Grants on ' + keyName(key.arn), heads, key.grants.map(g => ({
      key: g.id, cells: [
        [el('span', { class: 'mono', title: g.id }, short(g.id)), g.name && ' ' + g.name,
          g.id === node.grant_id && [' ', badge('good', 'this ledger’s')]],
        [g.grantee], [g.operations.join(', ')],
      ],
    })), 'grants'))
}

// empty says what to type when there is no ledger.
export function empty(state) {
  const plain = /^[\w./-]+$/.test(state.data_dir)
  const dir = plain ? state.data_dir : "'" + state.data_dir.replaceAll("'", "'\\''") + "'"
  return el('div', { class: 'card empty', key: 'empty' },
    el('h3', {}, 'No ledger yet'),
    el('p', {}, 'In another shell, in a folder with a Terraform configuration:'),
    el('pre', { tabindex: '0', 'aria-label': 'What to type' }, code(
      `eval "$(qldbkms-harness env${state.data_dir === '.qldbkms' ? '' : ' --data-dir ' + dir})"\nterraform apply`)),
    el('p', {}, 'with this in it:'),
    el('pre', { tabindex: '0', 'aria-label': 'A configuration' }, code(
      'terraform {\n  required_providers {\n    qldbkms = { source = "qldbkms/qldbkms" }\n  }\n}\n\n' +
      'resource "qldbkms_protected_ledger" "orders" {\n  name = "orders"\n\n  key = {\n    alias = "alias/orders"\n  }\n}')),
    el('p', { class: 'quiet' }, 'Any AWS SDK, the AWS CLI and the QLDB drivers work too. The ledger appears here by itself.'))
}
