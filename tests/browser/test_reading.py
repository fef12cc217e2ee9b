"""What a reader does with a page, without a mouse: search, unfold, move a slider, go from link to link."""

import pytest
from built import HTML, PAGES

SLIDERS = [page for page in PAGES if '<input type="range"' in (HTML / page).read_text("utf8")]
FOLDS = "details > summary, .toggle button.toggle-button"
SHUT = """fold => fold.matches("summary") ? !fold.parentElement.open : fold.closest(".toggle-hidden") !== null"""

# an element counts when it is drawn and neither it nor what it stands in is taken out of the order of the keyboard
STOPS = """() => {
  const stops = [...document.querySelectorAll("a[href], button, input, select, summary, [tabindex]")].filter(e =>
    e.tabIndex >= 0 && !e.disabled && e.checkVisibility({visibilityProperty: true}) && e.getClientRects().length
    && !e.closest("[inert], dialog:not([open])"));
  stops.forEach((e, i) => e.dataset.stop = i);
  return stops.map(e => e.outerHTML.slice(0, 120));
}"""
AT = """() => {
  const e = document.activeElement;
  const marked = [undefined, "::after"].map(part => getComputedStyle(e, part)).some(style =>
    style.outlineStyle !== "none" && style.outlineWidth !== "0px" || style.boxShadow !== "none");
  return [e.dataset.stop === undefined ? null : +e.dataset.stop, marked];
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


@pytest.mark.parametrize("page", PAGES)
def test_what_is_folded_away_opens_by_keyboard(visit, page):
    tab = visit(page, "desk")
    folds = [fold for fold in tab.locator(FOLDS).element_handles() if fold.is_visible() and fold.evaluate(SHUT)]
    tried = folds[:20] + folds[20:][-20:]  # the reference has hundreds
    for fold in tried:
        fold.focus()
        tab.keyboard.press("Enter")
    assert not [fold.inner_text() for fold in tried if fold.evaluate(SHUT)]
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


@pytest.mark.parametrize("page", PAGES)
def test_keyboard_reaches_everything_in_order(visit, page):
    tab = visit(page, "desk")
    stops, reached, unmarked = tab.evaluate(STOPS), [], []
    for _ in range(len(stops) + 10):
        tab.keyboard.press("Tab")
        stop, marked = tab.evaluate(AT)
        if stop is not None:
            if reached and stop == reached[0]:
                break
            reached.append(stop)
            unmarked += [] if marked else [stops[stop]]
    assert not [stops[i] for i in sorted(set(range(len(stops))) - set(reached))], "not reached"
    assert reached == sorted(reached), "not in the order of the page"
    assert not unmarked, "reached, and nothing shows it"
