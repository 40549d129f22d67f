// Tabs, of which one shows its panel: arrow keys, Home and End go from one to another (WAI-ARIA's pattern).

import { make } from "./elements.js";

/** `changed(name)` is called when another tab is chosen. */
export class Tabs {
  constructor(list, panels, changed) {
    Object.assign(this, { list, panels, changed, active: null });
    list.addEventListener("keydown", (event) => this.press(event));
  }

  /** A tab at the end.  @returns {HTMLElement} its panel */
  add(name, title) {
    const tab = make("button", { type: "button", role: "tab", id: `tab-${name}`, "aria-controls": `panel-${name}` }, title);
    const panel = make("div", { className: "panel", role: "tabpanel", id: `panel-${name}`, "aria-labelledby": tab.id });
    this.list.append(tab);
    this.panels.append(panel);
    tab.onclick = () => this.choose(name);
    return panel;
  }

  choose(name) {
    this.active = name;
    for (const tab of this.list.children) {
      const isActive = tab.id === `tab-${name}`;
      tab.setAttribute("aria-selected", String(isActive));
      tab.tabIndex = isActive ? 0 : -1;
    }
    for (const panel of this.panels.children) panel.hidden = panel.id !== `panel-${name}`;
    this.changed(name);
  }

  press(event) {
    const tabs = [...this.list.children];
    const at = tabs.indexOf(event.target);
    const places = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: -1 };
    if (at < 0 || !(event.key in places)) return;
    event.preventDefault();
    const tab = tabs.at(places[event.key] % tabs.length);
    tab.focus();
    tab.click();
  }
}
