// The page as a tree of plain values, and the least change that brings the document there. Text only ever becomes a
// text node: there is no way in here for markup.

const SVG = 'http://www.w3.org/2000/svg'

// el describes an element. attrs may hold key, by which siblings are told apart; false, null and undefined leave an
// attribute out. Children are elements, texts, numbers, or lists of them; what is false, null or undefined is left out.
export const el = (tag, attrs, ...children) => ({
  tag, attrs: attrs ?? {},
  children: children.flat(Infinity).filter(c => c !== false && c !== null && c !== undefined),
})

// render makes the children of parent what children describe. What is already right is left alone, so that focus,
// selection, scrolling and opened details survive.
export function render(parent, ...children) {
  patch(parent, children.flat(Infinity).filter(c => c !== false && c !== null && c !== undefined))
}

function patch(parent, children) {
  const svg = parent.namespaceURI === SVG
  const keyed = new Map()
  for (const node of parent.childNodes) if (node.key !== undefined) keyed.set(node.key, node)
  let at = parent.firstChild
  for (const child of children) {
    if (typeof child !== 'object') {
      at = text(parent, at, String(child))
      continue
    }
    const key = child.attrs.key
    let node = key === undefined ? at : keyed.get(key)
    if (!node || node.nodeType !== 1 || node.localName !== child.tag || node.key !== key) {
      node = svg || child.tag === 'svg' ? document.createElementNS(SVG, child.tag) : document.createElement(child.tag)
      if (key !== undefined) node.key = key
    }
    if (node !== at) parent.insertBefore(node, at)
    else at = at.nextSibling
    attributes(node, child.attrs)
    patch(node, child.children)
  }
  while (at) {
    const next = at.nextSibling
    at.remove()
    at = next
  }
}

function text(parent, at, value) {
  if (at?.nodeType === 3) {
    if (at.data !== value) at.data = value
    return at.nextSibling
  }
  parent.insertBefore(document.createTextNode(value), at)
  return at
}

function attributes(node, attrs) {
  for (const { name } of [...node.attributes]) {
    // Whether details are open is the reader's business.
    if (!(name in attrs) && name !== 'open') node.removeAttribute(name)
  }
  for (const [name, value] of Object.entries(attrs)) {
    if (name === 'key') continue
    if (value === false || value === null || value === undefined) node.removeAttribute(name)
    else if (node.getAttribute(name) !== String(value === true ? '' : value)) node.setAttribute(name, value === true ? '' : value)
  }
}
