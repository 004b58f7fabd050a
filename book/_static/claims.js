// Filters for the table of claims: one list for each column whose head says data-filter. What is
// chosen stands in the address, claims.html#verdict=contradicted, so that a selection is a link.
// Without this script the whole table is there.
(() => {
  const ready = () => {
    const box = document.querySelector("div.claims");
    if (!box) return;
    const rows = [...box.querySelectorAll("tbody tr")];
    const text = (row, column) => row.cells[column].firstChild?.textContent ?? ""; // the first line
    const form = document.createElement("form");
    form.className = "claims-filter";
    form.setAttribute("aria-label", "Choose rows of the table");
    const fields = [...box.querySelectorAll("thead th")].flatMap((head, column) => {
      if (!head.dataset.filter) return [];
      const label = document.createElement("label"), select = document.createElement("select");
      select.name = head.dataset.filter;
      select.append(new Option("all", ""));
      for (const value of new Set(rows.map((row) => text(row, column)))) select.append(new Option(value, value));
      label.append(head.textContent, select);
      form.append(label);
      return [{ column, select }];
    });
    const reset = document.createElement("button"), count = document.createElement("output");
    reset.type = "reset";
    reset.textContent = "Show all";
    const skip = document.createElement("button"), end = document.createElement("p"); // hundreds of links are between
    skip.type = "button";
    skip.className = "visually-hidden-focusable";
    skip.textContent = "Skip the table";
    skip.addEventListener("click", () => end.focus());
    end.tabIndex = -1;
    end.className = "visually-hidden";
    end.textContent = "End of the table";
    form.append(reset, count, skip);
    box.before(form);
    box.after(end);

    const show = () => {
      const chosen = fields.filter(({ select }) => select.value);
      let shown = 0;
      for (const row of rows) {
        row.hidden = chosen.some(({ column, select }) => text(row, column) !== select.value);
        shown += !row.hidden;
      }
      count.textContent = `showing ${shown.toLocaleString("en")} of ${rows.length.toLocaleString("en")}`;
    };
    const write = () => {
      const chosen = new URLSearchParams(fields.filter(({ select }) => select.value)
        .map(({ select }) => [select.name, select.value]));
      history.replaceState(null, "", chosen.size ? `#${chosen}` : location.pathname + location.search);
      show();
      box.scrollTop = 0;
    };
    const read = () => { // returns whether the address chooses lines
      const state = location.hash.slice(1);
      if (state && !state.includes("=")) return false; // an ordinary anchor of the page
      const chosen = new URLSearchParams(state);
      for (const { select } of fields) {
        const value = chosen.get(select.name) ?? "";
        // a value that no line has gives no lines, and the list says why
        if (![...select.options].some((option) => option.value === value)) select.append(new Option(value, value));
        select.value = value;
      }
      show();
      return state !== "";
    };
    const follow = () => { // to the lists, with the focus, as a link does
      if (!read()) return;
      box.scrollTop = 0;
      form.scrollIntoView({ block: "start" });
      fields.find(({ select }) => select.value)?.select.focus({ preventScroll: true });
    };
    form.addEventListener("change", write);
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("reset", () => setTimeout(write));
    addEventListener("hashchange", follow);
    addEventListener("pagehide", () => history.replaceState({ top: box.scrollTop }, ""));
    show();
    if (performance.getEntriesByType("navigation")[0]?.type === "back_forward") {
      read();
      box.scrollTop = history.state?.top ?? 0; // where the reader left
    } else follow();
  };
  document.readyState === "loading" ? document.addEventListener("DOMContentLoaded", ready) : ready();
})();
