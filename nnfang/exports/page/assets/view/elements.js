// Elements of the page. Text is always text: no name of a class, whoever chose it, becomes markup.

/** An element with properties and children; what is no element is text. */
export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in element && !name.includes("-")) element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

/** A control and what it is called, on one line. */
export const field = (name, control) => make("label", { className: "field" }, name, control);

/** An element of a drawing. */
export function svg(tag, attributes, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  Object.entries(attributes).forEach(([name, value]) => element.setAttribute(name, value));
  element.append(...children);
  return element;
}

export const find = (id) => document.getElementById(id);

/** A few digits that matter, with a minus sign as on paper. */
export function show(value, digits = 3) {
  const size = Math.abs(value);
  const text = size !== 0 && (size < 1e-3 || size >= 1e5) ? value.toExponential(2) : value.toFixed(digits);
  return text.replace("-", "−");
}

export const percent = (fraction) => `${(100 * fraction).toFixed(1)}%`;

/** A line of mathematics: text, in which _ before letters or digits lowers them, and the number of its equation. */
export function equation(text, number) {
  const line = make("p", { className: "maths" });
  for (const [part] of text.matchAll(/_\w+|[^_]+/g)) {
    line.append(part.startsWith("_") ? make("sub", {}, part.slice(1)) : part);
  }
  if (number) line.append(make("span", { className: "number" }, `eq. ${number}`));
  return line;
}

const colours = new Map(); // as they were asked for, which takes longer than to draw with them

/** A colour of the page as [red, green, blue]. */
export function colour(name) {
  if (!colours.has(name)) {
    const text = getComputedStyle(document.documentElement).getPropertyValue(name).trim();
    colours.set(name, [1, 3, 5].map((i) => parseInt(text.slice(i, i + 2), 16)));
  }
  return colours.get(name);
}

/** Ask for the colours again, since the page became light or dark. */
export const forgetColours = () => colours.clear();
