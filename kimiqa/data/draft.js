// What is being typed survives a reload and the server's end: the tab keeps it, and refills the box
// it was typed into. After a pause the server has it too, and prices it.
const IDLE = 800; // milliseconds without a key
const BOX = '[class*="st-key-question-"] textarea';
const SETTLES = 3000; // milliseconds in which a page is drawn
const known = new WeakSet();
let pause;

const nameOf = (box) => {
  const place = box.closest('[class*="st-key-question-"]');
  const name = [...place.classList].find((each) => each.startsWith("st-key-question-"));
  return name.replace("st-key-", "kimiqa-");
};

document.addEventListener("input", (event) => {
  const box = event.target;
  if (!box.matches?.(BOX)) return;
  sessionStorage.setItem(nameOf(box), box.value);
  clearTimeout(pause);
  if (event.isComposing) return;
  // Streamlit takes what was typed when its field loses the focus, which it keeps here.
  const leave = () => box.dispatchEvent(new FocusEvent("focusout", { bubbles: true }));
  pause = setTimeout(leave, IDLE);
});

export default function ({ data }) {
  const name = `kimiqa-${data.key}`;
  // What was asked in this conversation before is no draft any more.
  const asked = name.slice(0, name.lastIndexOf("-") + 1);
  Object.keys(sessionStorage)
    .filter((each) => each.startsWith(asked) && each !== name)
    .forEach((each) => sessionStorage.removeItem(each));
  // A question that the page brought back takes the place of what was typed.
  if (data.given && sessionStorage.getItem("kimiqa-given") !== data.given) {
    sessionStorage.setItem("kimiqa-given", data.given);
    sessionStorage.removeItem(name);
  }
  // The box may come later than this, and once more: each is filled once.
  const until = performance.now() + SETTLES;
  const look = setInterval(() => {
    if (performance.now() > until) clearInterval(look);
    const box = document.querySelector(`.st-key-${data.key} textarea`);
    const kept = sessionStorage.getItem(name);
    if (!box || known.has(box)) return;
    known.add(box);
    if (kept === null || kept === box.value) return;
    Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, "value").set.call(box, kept);
    box.dispatchEvent(new Event("input", { bubbles: true }));
  }, 50);
  return () => clearInterval(look);
}
