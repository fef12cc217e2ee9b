"""What axe-core finds on each page: on the width of a desk and of a phone, in the light and in the dark."""

import importlib.util
import json
from pathlib import Path

import pytest
from built import HTML, PAGES, WIDTHS

_path = Path(__file__).resolve().parents[2] / "book" / "_ext" / "vendor.py"
_spec = importlib.util.spec_from_file_location("vendor", _path)
vendor = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(vendor)

AXE = "axe-core@4.10.3"
SERIOUS = ("serious", "critical")
UNFOLD = """() => {
  [...document.querySelectorAll("details")].slice(0, 30).forEach(e => e.open = true);  // the reference has hundreds
  document.querySelectorAll(".toggle-hidden .toggle-button").forEach(e => e.click());
  [...document.querySelectorAll(".api-entry")].slice(30).forEach(e => e.toggleAttribute("data-again", true));
  const seen = new Set();  // of each kind of word in code one is looked at
  for (const word of document.querySelectorAll(".highlight pre span[class]")) {
    const kind = word.className + (word.closest(".eqcode-code, .cell_output, .highlight").className);
    word.toggleAttribute("data-again", seen.has(kind));
    seen.add(kind);
  }
}"""
CHECK = """async ([without, options]) => {
  const found = await axe.run({exclude: without}, {resultTypes: ["violations"], ...options});
  const reasons = node => [...node.any, ...node.all, ...node.none].map(c => c.message).join("; ");
  const told = node => `${node.target.join(" ")}: ${reasons(node)}`;
  return found.violations.map(v => ({impact: v.impact, id: v.id, help: v.help, nodes: v.nodes.map(told)}));
}"""
ALL_BUT_CONTRAST = ["[data-again]"], {"rules": {"color-contrast": {"enabled": False}}}
# formulas have the colour of the text around them
CONTRAST = ["mjx-container", "[data-again]"], {"runOnly": ["color-contrast"]}


@pytest.fixture(scope="session")
def axe():
    return (vendor.vendor(AXE, ["axe.min.js"], folder=HTML.parent / "tools") / "axe.min.js").read_text("utf8")


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("page", PAGES)
def test_no_serious_finding(visit, axe, page, width):
    """With all that is folded away opened."""
    tab = visit(page, width)
    tab.evaluate(UNFOLD)
    tab.evaluate(axe)

    def findings(check):
        return [finding for finding in tab.evaluate(CHECK, check) if finding["impact"] in SERIOUS]

    found = {"any theme": findings(ALL_BUT_CONTRAST)}
    for theme in ("light", "dark") if width == "desk" else ():
        tab.emulate_media(color_scheme=theme)
        tab.wait_for_selector(f"html[data-theme={theme}]")
        found[theme] = findings(CONTRAST)
    assert not any(found.values()), json.dumps(found, indent=1)
