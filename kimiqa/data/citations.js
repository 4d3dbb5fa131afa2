// A click on a citation's mark in an answer opens its page, and brings the page into sight; the way
// back leads to the mark.
const handlers = new Map(); // by turn: another run of the page takes the place of the last one
const opened = new Map(); // by conversation and turn
const latest = new Map(); // when each was drawn on the server
const SETTLES = 2000; // milliseconds in which a page's picture arrives

export default function ({ data, setTriggerValue }) {
  const { conversation, turn, at, drawn } = data;
  const answer = `${conversation} ${turn}`;
  // An element that is about to be taken away is drawn once more, with what was true before.
  if (drawn < (latest.get(answer) ?? 0)) return;
  latest.set(answer, drawn);
  const link = (number) => document.querySelector(`a[href="#cite-${turn}-${number}"]`);
  const panel = () => document.querySelector(`.st-key-page-${turn}`);
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;

  const into = (place, block) => {
    if (!place) return;
    const { top, bottom } = place.getBoundingClientRect();
    if (top >= 0 && bottom <= innerHeight) return;
    place.scrollIntoView({ block, behavior: still ? "auto" : "smooth" });
  };
  const open = (name) => {
    setTriggerValue("open", Number(name.split("-").pop()));
    show();
  };
  const show = () => {
    const shown = panel();
    if (!shown) return;
    into(shown, "nearest");
    const watch = new ResizeObserver(() => into(shown, "nearest"));
    watch.observe(shown);
    setTimeout(() => watch.disconnect(), SETTLES);
  };
  const clicked = (event) => {
    const mark = event.target.closest?.(`a[href^="#cite-${turn}-"]`);
    const back = event.target.closest?.(`a[href^="#text-${turn}-"]`);
    if (!mark && !back) return;
    event.preventDefault();
    const name = (mark ?? back).getAttribute("href").slice(1);
    if (back) {
      const place = link(name.split("-").pop());
      into(place, "center");
      place?.focus({ preventScroll: true });
      return;
    }
    open(name);
  };

  document.removeEventListener("click", handlers.get(turn));
  handlers.set(turn, clicked);
  document.addEventListener("click", clicked);
  document.querySelectorAll(`a[href^="#cite-${turn}-"]`).forEach((each) => {
    if (each === link(at)) each.setAttribute("aria-current", "true");
    else each.removeAttribute("aria-current");
  });
  // By its keys the open citation moves without a click.
  if (opened.has(answer) && opened.get(answer) !== at) {
    if (innerWidth > 640) into(link(at), "nearest");
    show();
  }
  opened.set(answer, at);
  // A mark that was pressed before this was there has only changed the address.
  if (location.hash.startsWith(`#cite-${turn}-`)) {
    const name = location.hash.slice(1);
    history.replaceState(history.state, "", location.pathname + location.search);
    open(name);
  }
  return () => document.removeEventListener("click", clicked);
}
