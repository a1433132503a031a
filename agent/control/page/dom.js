// A description of what should be seen, and a way to make it so that keeps the elements that are there already: their
// focus, scroll position and open or closed state. Text goes in as text only, so nothing that a scanner or a server
// wrote can become an element.

const svgSpace = 'http://www.w3.org/2000/svg';

// h describes an element. props are attributes, but for: key (the same element at each drawing), on ({click: f}),
// and value, checked, disabled (properties). Children are descriptions, texts, lists of these, or nothing.
export function h(tag, props, ...children) {
  const { key, on, ...attributes } = props || {};
  return { tag, key, on: on || {}, attributes, children: children.flat(Infinity).filter(visible) };
}

function visible(child) {
  return child !== null && child !== undefined && child !== false && child !== '';
}

// draw makes parent hold exactly what is described.
export function draw(parent, ...children) {
  const focused = document.activeElement;
  fill(parent, children.flat(Infinity).filter(visible));
  if (focused && focused !== document.activeElement && focused.isConnected) {
    focused.focus({ preventScroll: true }); // it was moved
  }
}

function fill(parent, children) {
  const old = new Map(); // by name, those of one name in order
  for (const node of parent.childNodes) {
    const name = nameOf(node);
    old.set(name, [...(old.get(name) || []), node]);
  }
  const kept = children.map((child) => (old.get(nameFor(child)) || []).shift());
  for (const nodes of old.values()) {
    nodes.forEach((node) => node.remove());
  }
  let at = parent.firstChild;
  children.forEach((child, i) => {
    const node = kept[i] || make(child, parent);
    update(node, child);
    if (node === at) {
      at = at.nextSibling;
    } else {
      parent.insertBefore(node, at);
    }
  });
}

function nameOf(node) {
  return node.nodeType === Node.TEXT_NODE ? '#text' : `${node.localName} ${node.kurirKey}`;
}

function nameFor(child) {
  return child.tag ? `${child.tag} ${child.key}` : '#text';
}

function make(child, parent) {
  if (!child.tag) {
    return document.createTextNode('');
  }
  const isSVG = child.tag === 'svg' || parent.namespaceURI === svgSpace;
  const node = isSVG ? document.createElementNS(svgSpace, child.tag) : document.createElement(child.tag);
  node.kurirKey = child.key;
  node.kurirOn = {};
  return node;
}

function update(node, child) {
  if (!child.tag) {
    if (node.data !== String(child)) {
      node.data = String(child);
    }
    return;
  }
  listen(node, child.on);
  for (const name of node.getAttributeNames()) {
    if (!(name in child.attributes) && name !== 'open') { // what the reader has opened stays open
      node.removeAttribute(name);
    }
  }
  for (const [name, value] of Object.entries(child.attributes)) {
    if (name !== 'value') {
      setAttribute(node, name, value);
    }
  }
  fill(node, child.children);
  const { value } = child.attributes; // a select has its options only now
  if (value !== undefined && node.value !== String(value) && node !== document.activeElement) {
    node.value = value;
  }
}

function setAttribute(node, name, value) {
  if (value === null || value === undefined || value === false) {
    node.removeAttribute(name);
  } else if (node.getAttribute(name) !== String(value === true ? '' : value)) {
    node.setAttribute(name, value === true ? '' : value);
  }
}

function listen(node, on) {
  for (const type of Object.keys(on)) {
    if (!(type in node.kurirOn)) {
      node.addEventListener(type, (event) => node.kurirOn[type] && node.kurirOn[type](event));
    }
  }
  node.kurirOn = { ...Object.fromEntries(Object.keys(node.kurirOn).map((type) => [type, null])), ...on };
}
