// Filters for the table of claims: one list for each column whose head says data-filter. What is
// chosen stands in the address, claims.html#verdict=differ, so that a selection is a link.
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
    const fields = [...box.querySelectorAll("th")].flatMap((head, column) => {
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
    form.append(reset, count);
    box.before(form);

    const show = () => {
      const chosen = fields.filter(({ select }) => select.value);
      let shown = 0;
      for (const row of rows) {
        row.hidden = chosen.some(({ column, select }) => text(row, column) !== select.value);
        shown += !row.hidden;
      }
      count.textContent = `showing ${shown.toLocaleString("en")} of ${rows.length.toLocaleString("en")}`;
      box.scrollTop = 0;
    };
    const write = () => {
      const chosen = new URLSearchParams(fields.filter(({ select }) => select.value)
        .map(({ select }) => [select.name, select.value]));
      history.replaceState(null, "", chosen.size ? `#${chosen}` : location.pathname + location.search);
      show();
    };
    const read = () => {
      const state = location.hash.slice(1);
      if (state && !state.includes("=")) return; // an ordinary anchor of the page
      const chosen = new URLSearchParams(state);
      for (const { select } of fields) {
        const value = chosen.get(select.name) ?? "";
        select.value = [...select.options].some((option) => option.value === value) ? value : "";
      }
      show();
      if (state) form.scrollIntoView({ block: "start" });
    };
    form.addEventListener("change", write);
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("reset", () => setTimeout(write));
    addEventListener("hashchange", read);
    show();
    read();
  };
  document.readyState === "loading" ? document.addEventListener("DOMContentLoaded", ready) : ready();
})();
