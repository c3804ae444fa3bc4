// Small pieces of the page, built without markup in text.
let sprite = "";

export function useSprite(address) { sprite = address; }

export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `${sprite}#${name}`);
  svg.append(use);
  return svg;
}

export function element(tag, className, ...children) {
  const node = document.createElement(tag);
  node.className = className;
  node.append(...children);
  return node;
}

export const span = (className, ...children) => element("span", className, ...children);

export function link(url, label) {
  const node = element("a", "", label);
  node.href = url;
  return node;
}

export const waiting = (name, text) => span("stored stored-wait is-waiting", icon(name), text);
