"""What a reader does with a page, without a mouse: search, unfold, move a slider, go from link to link."""

import pytest
from built import HTML, PAGES

SLIDERS = [page for page in PAGES if '<input type="range"' in (HTML / page).read_text("utf8")]

# what is shut and can be seen; the reference has hundreds, so some at its beginning and some at its end
FOLDS = """() => {
  const shut = e => e.matches("summary") ? !e.parentElement.open : e.closest(".toggle-hidden") !== null;
  const all = [...document.querySelectorAll("details > summary, .toggle button.toggle-button")];
  const seen = all.filter(e => shut(e) && e.checkVisibility({visibilityProperty: true}) && e.getClientRects().length);
  window.folds = [...seen.slice(0, 20), ...seen.slice(20).slice(-20)];
  window.stillShut = () => folds.filter(shut).map(e => e.innerText);
  return folds.length;
}"""

# an element counts when it is drawn and neither it nor what it stands in is taken out of the order of the keyboard
STOPS = """() => {
  const stops = [...document.querySelectorAll("a[href], button, input, select, summary, [tabindex]")].filter(e =>
    e.tabIndex >= 0 && !e.disabled && e.checkVisibility({visibilityProperty: true}) && e.getClientRects().length
    && !e.closest("[inert], dialog:not([open])"));
  stops.forEach((e, i) => e.dataset.stop = i);
  return stops.map(e => e.outerHTML.slice(0, 120));
}"""
WATCH = """() => {
  window.reached = [];
  document.body.tabIndex = -1;
  document.body.focus();  // so that the first stop is the next
  document.body.removeAttribute("tabindex");
  document.addEventListener("focusin", ({target}) => {
    const marked = [undefined, "::after"].map(part => getComputedStyle(target, part)).some(style =>
      style.outlineStyle !== "none" && style.outlineWidth !== "0px" || style.boxShadow !== "none");
    if (target.dataset.stop !== undefined) reached.push([+target.dataset.stop, marked]);
  });
}"""


def test_search_finds(visit):
    tab = visit("intro.html", "desk")
    tab.keyboard.press("Control+k")
    tab.keyboard.type("condition index")
    tab.keyboard.press("Enter")
    tab.wait_for_selector("#search-results ul.search li a")
    tab.wait_for_load_state("networkidle")
    found = tab.eval_on_selector_all("#search-results ul.search li a", "links => links.map(a => a.pathname)")
    assert any(path.endswith("/belsley.html") for path in found)
    assert not tab.complaints


def test_some_page_has_a_slider():
    assert SLIDERS


@pytest.mark.parametrize("page", SLIDERS)
def test_slider_moves(visit, page):
    tab = visit(page, "desk")
    for figure in tab.locator("figure.frames").all():
        slider, pictures = figure.locator("input"), figure.locator("img").all()
        slider.focus()
        tab.keyboard.press("Home")
        for picture in pictures:
            assert [each.is_visible() for each in pictures] == [each is picture for each in pictures]
            assert figure.locator("output").inner_text() == picture.get_attribute("data-label")
            assert slider.get_attribute("aria-valuetext") == picture.get_attribute("data-label")
            tab.keyboard.press("ArrowRight")
    assert not tab.complaints


def test_keyboard_reaches_everything_in_order(desk):
    stops = desk.evaluate(STOPS)
    desk.evaluate(WATCH)
    for _ in range(len(stops) + 10):
        desk.keyboard.down("Tab")
    desk.keyboard.up("Tab")
    found = desk.evaluate("() => reached")
    again = next((i for i, (stop, _) in enumerate(found) if i and stop == found[0][0]), len(found))
    reached, marked = zip(*found[:again], strict=True)
    assert not [stops[i] for i in sorted(set(range(len(stops))) - set(reached))], "not reached"
    assert list(reached) == sorted(reached), "not in the order of the page"
    unmarked = [stops[i] for i, shown in zip(reached, marked, strict=True) if not shown]
    assert not unmarked, "reached, and nothing shows it"


def test_what_is_folded_away_opens_by_keyboard(desk):
    for fold in range(desk.evaluate(FOLDS)):
        desk.evaluate("fold => folds[fold].focus()", fold)
        desk.keyboard.press("Enter")
    assert not desk.evaluate("() => stillShut()")
    assert not desk.complaints


def test_the_address_alone_leads_to_the_first_page(browser, address):
    tab = browser.new_page()
    tab.goto(address)
    tab.wait_for_url("**/intro.html")
    tab.close()
