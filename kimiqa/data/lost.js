// Says in the page's own words that its server is gone, in place of Streamlit's dialog.
const PATIENCE = 1500; // milliseconds: a socket that is opened anew is no loss
let told = null;
let notice = null;
let waiting;

const app = () => document.querySelector("[data-testid=stApp]");
const connected = () => app()?.dataset.testConnectionState === "CONNECTED";

const tell = () => {
  if (connected() || notice) return;
  notice = document.createElement("div");
  notice.className = "kimiqa-lost";
  notice.setAttribute("role", "alert");
  const again = document.createElement("button");
  again.textContent = told.again;
  again.addEventListener("click", () => location.reload());
  notice.append(Object.assign(document.createElement("p"), { textContent: told.words }), again);
  app().append(notice);
};
const look = () => {
  if (connected()) {
    clearTimeout(waiting);
    waiting = undefined;
    notice?.remove();
    notice = null;
    return;
  }
  waiting ??= setTimeout(tell, PATIENCE);
  // Streamlit's own dialog speaks of Streamlit, and lies over the page.
  document.querySelector("[role=dialog] button[aria-label=Close]")?.click();
};

export default function ({ data }) {
  if (told === null) {
    const watch = new MutationObserver(look);
    watch.observe(document.body, {
      childList: true,
      subtree: true,
      attributeFilter: ["data-test-connection-state"],
    });
  }
  told = data;
}
