// A click on a citation's mark in an answer presses the button that opens its page.
export default function () {
  const open = (event) => {
    const mark = event.target.closest?.('a[href^="#cite-"]');
    if (!mark) return;
    event.preventDefault();
    document.querySelector(`.st-key-${mark.getAttribute("href").slice(1)} button`)?.click();
  };
  document.addEventListener("click", open);
  return () => document.removeEventListener("click", open);
}
