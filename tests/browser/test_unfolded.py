"""What axe-core finds on each page: on the width of a desk and of a phone, in the light and in the dark.

With all that is folded away opened, so these tests come last of those that share an opened page.
"""

import importlib.util
import json
from pathlib import Path

import pytest
from built import HTML

_path = Path(__file__).resolve().parents[2] / "book" / "_ext" / "vendor.py"
_spec = importlib.util.spec_from_file_location("vendor", _path)
vendor = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(vendor)

AXE = "axe-core@4.10.3"
SERIOUS = ("serious", "critical")
# With all opened. Of what there is in hundreds and is made by one program, axe gets some in the place of all, else it
# takes minutes: entries of the reference, formulas, and one word of code of each kind and place.
UNFOLD = """() => {
  [...document.querySelectorAll("details")].slice(0, 30).forEach(e => e.open = true);
  document.querySelectorAll(".toggle-hidden .toggle-button").forEach(e => e.click());
  [...document.querySelectorAll(".api-entry")].slice(30).forEach(e => e.remove());
  [...document.querySelectorAll("mjx-container")].slice(10).forEach(e => e.replaceWith("x"));
  const seen = new Set();
  for (const word of document.querySelectorAll(".highlight pre span[class]")) {
    const kind = word.className + word.closest(".eqcode-code, .cell_output, .highlight").className;
    if (seen.has(kind)) word.replaceWith(...word.childNodes);
    seen.add(kind);
  }
}"""
# What fades in or changes its colours has to have done so before a contrast is measured.
CHECK = """async options => {
  const moving = document.getAnimations().filter(a => a.effect.getComputedTiming().iterations !== Infinity);
  moving.forEach(animation => animation.finish());
  const found = await axe.run(document, {resultTypes: ["violations"], preload: false, ...options});
  const reasons = node => [...node.any, ...node.all, ...node.none].map(c => c.message).join("; ");
  const told = node => `${node.target.join(" ")}: ${reasons(node)}`;
  return found.violations.map(v => ({impact: v.impact, id: v.id, help: v.help, nodes: v.nodes.map(told)}));
}"""
ALL_BUT_CONTRAST, CONTRAST = {"rules": {"color-contrast": {"enabled": False}}}, {"runOnly": ["color-contrast"]}


@pytest.fixture(scope="session")
def axe():
    return (vendor.vendor(AXE, ["axe.min.js"], folder=HTML.parent / "tools") / "axe.min.js").read_text("utf8")


@pytest.fixture
def findings(axe):
    """Unfold a page, once, and ask axe for what is serious."""

    def found(tab, check):
        if not tab.evaluate("() => typeof axe !== 'undefined'"):
            tab.evaluate(UNFOLD)
            tab.evaluate(axe)
        return [finding for finding in tab.evaluate(CHECK, check) if finding["impact"] in SERIOUS]

    return found


def test_no_serious_finding_on_a_phone(phone, findings):
    found = findings(phone, ALL_BUT_CONTRAST)
    assert not found, json.dumps(found, indent=1)
    assert not phone.complaints


def test_no_serious_finding_on_a_desk(desk, findings):
    found = {"light": findings(desk, {})}
    desk.emulate_media(color_scheme="dark")
    desk.wait_for_selector("html[data-theme=dark]")
    found["dark"] = findings(desk, CONTRAST)
    assert not any(found.values()), json.dumps(found, indent=1)
    assert not desk.complaints
