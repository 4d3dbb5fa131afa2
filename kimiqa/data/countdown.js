// Counts down in the browser, so that the server need not; tells it once when the time is over.
export default function ({ data, parentElement, setTriggerValue }) {
  const shown = parentElement.querySelector("p");
  const began = performance.now();
  let clock;
  const tick = () => {
    const left = Math.round(data.seconds - (performance.now() - began) / 1000);
    if (left <= 0) {
      clearInterval(clock);
      shown.textContent = data.over;
      setTriggerValue("over", true);
      return;
    }
    const seconds = String(left % 60).padStart(2, "0");
    shown.textContent = `${data.label} ${Math.floor(left / 60)}:${seconds}`;
  };
  clock = setInterval(tick, 1000);
  tick();
  return () => clearInterval(clock);
}
