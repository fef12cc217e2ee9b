// What scrolls sideways in its place can be reached and scrolled by keyboard.
const SCROLLS = ".cell_output, .cell_output > div, .pst-scrollable-table-container, div.math";

function reachable() {
  for (const box of document.querySelectorAll(SCROLLS)) {
    if (box.scrollWidth > box.clientWidth + 1) {
      box.tabIndex = 0;
    } else {
      box.removeAttribute("tabindex");
    }
  }
}

window.addEventListener("load", () => {
  let waiting;
  const watch = new ResizeObserver(() => {
    clearTimeout(waiting);
    waiting = setTimeout(reachable, 100);
  });
  document.querySelectorAll(SCROLLS).forEach((box) => watch.observe(box));
  reachable();
});
