
"use strict";
// Tables that sort by a click, and the list of errors with their children. Texts are set as text, never as markup.
(() => {
  const make = (name, attributes, ...inside) => {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.append(...inside.filter((one) => one !== null && one !== ""));
    return element;
  };
  const words = (text, name = "bdi") => make(name, { dir: "auto" }, text);

  // ---- tables
  const compare = (a, b) => {
    const [x, y] = [Number(a), Number(b)];
    return a !== "" && b !== "" && !Number.isNaN(x) && !Number.isNaN(y) ? x - y : a.localeCompare(b);
  };
  for (const table of document.querySelectorAll("table.sortable")) {
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, place) => head.querySelector("button").addEventListener("click", () => {
      const up = head.getAttribute("aria-sort") !== "ascending";
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", up ? "ascending" : "descending");
      const rows = [...table.tBodies[0].rows];
      const key = (row) => row.cells[place].dataset.key;
      rows.sort((a, b) => {
        if (key(a) === "" || key(b) === "") return (key(a) === "") - (key(b) === ""); // unknown: always last
        return up ? compare(key(a), key(b)) : compare(key(b), key(a));
      });
      table.tBodies[0].append(...rows);
    }));
  }

  // ---- errors and their children
  const FATES = [["", "all"], ["fixed", "right at the end"], ["never", "never right"], ["broken", "right once, wrong at the end"]];
  const name = (number) => (number === 0 ? "After the seed" : `After round ${number}`);

  const show = (view) => {
    const data = JSON.parse(document.getElementById(view.dataset.source).textContent);
    const run = make("select", { "aria-label": "strategy" });
    data.runs.forEach((one, place) => run.append(make("option", { value: place }, `${one.arm}, seed ${one.seed}`)));
    const fate = make("select", { "aria-label": "fate" });
    const search = make("input", { type: "search", placeholder: "text, label, id" });
    const count = make("output", {});
    const list = make("ul", { class: "list" });
    const detail = make("div", { class: "detail", "aria-live": "polite" });
    view.append(
      make("div", { class: "bar" },
        make("label", {}, "strategy", run), make("label", {}, "fate", fate), make("label", {}, "search", search), count),
      make("div", { class: "two" }, list, detail));

    const chosen = () => data.runs[Number(run.value)];
    const haystack = (error) => [
      error.id, error.target, error.group, error.fate, ...Object.values(error.fields),
      ...error.rounds.flatMap((round) => [round.predicted, ...round.children.flatMap((child) => [child.id, ...Object.values(child.fields)])]),
    ].join("\n").toLowerCase();

    const pick = (error) => {
      for (const button of list.querySelectorAll("button")) {
        button.setAttribute("aria-current", String(button.dataset.id === error.id));
      }
      detail.replaceChildren(...telling(error));
      detail.scrollTop = 0;
      history.replaceState(null, "", `#error/${data.number}/${encodeURIComponent(chosen().arm)}/${encodeURIComponent(error.id)}`);
    };

    const fill = () => {
      const errors = chosen().errors;
      const kept = fate.value;
      fate.replaceChildren(...FATES.map(([key, told]) => {
        const number = key === "" ? errors.length : errors.filter((error) => error.kind === key).length;
        return make("option", { value: key }, `${told} (${number})`);
      }));
      fate.value = kept;
      narrow();
    };

    const narrow = () => {
      const wanted = search.value.trim().toLowerCase();
      const shown = chosen().errors.filter((error) =>
        (fate.value === "" || error.kind === fate.value) && (wanted === "" || haystack(error).includes(wanted)));
      list.replaceChildren(...shown.map((error) => {
        const children = error.rounds.reduce((sum, round) => sum + round.count, 0);
        const about = `${error.id}, ${error.fate}` + (children ? `, ${children} ${children === 1 ? "child" : "children"}` : "");
        const button = make("button", { type: "button", "data-id": error.id },
          make("small", {}, words(about)), make("span", { class: "text", dir: "auto" }, Object.values(error.fields).join(" | ")));
        button.addEventListener("click", () => pick(error));
        return make("li", {}, button);
      }));
      const { total, errors } = chosen();
      const of = errors.length < total ? `${errors.length} listed of ${total}` : `${total}`;
      count.textContent = `${shown.length} of ${of} errors`;
      if (shown.length) return remember(() => pick(shown[0]));
      detail.replaceChildren("No error fits.");
    };

    // what is shown at first is no choice of the reader's: the address stays as it is
    const remember = (first) => {
      const before = location.hash;
      first();
      history.replaceState(null, "", before || location.pathname + location.search);
    };

    run.addEventListener("change", fill);
    fate.addEventListener("change", narrow);
    search.addEventListener("input", narrow);
    const follow = () => {
      const [kind, number, arm, id] = location.hash.slice(1).split("/").map(decodeURIComponent);
      const place = data.runs.findIndex((one) => one.arm === arm);
      if (kind !== "error" || Number(number) !== data.number || place < 0) return;
      const error = data.runs[place].errors.find((one) => one.id === id);
      if (!error) return;
      run.value = place;
      fate.value = search.value = "";
      fill();
      pick(error);
      const item = list.querySelector("[aria-current=true]");
      list.scrollTop = item.offsetTop;
      view.scrollIntoView();
    };
    // a strategy whose errors have children first
    const first = data.runs.findIndex((one) => one.errors.some((error) => error.rounds.some((round) => round.count)));
    run.value = Math.max(0, first);
    fill();
    follow();
    window.addEventListener("hashchange", follow);
  };

  const telling = (error) => {
    const head = make("h4", {}, words(error.id), ": ", words(error.fate));
    const gold = make("p", {}, "gold: ", words(error.target, "b"), error.group ? make("small", {}, " · group ", words(error.group)) : null);
    return [head, gold, ...fields(error.fields), ...error.rounds.flatMap(after)];
  };
  const fields = (texts) => Object.entries(texts).flatMap(([key, text]) =>
    [Object.keys(texts).length > 1 ? make("small", {}, words(key)) : null, words(text, "blockquote")].filter(Boolean));
  const after = (round) => {
    const score = round.score === null ? "" : ` (${round.score.toFixed(2)})`;
    const verdict = make("span", { class: round.right ? "right" : "wrong" }, round.right ? "✓ right" : "✗ wrong");
    const made = round.count ? `${round.count} ${round.count === 1 ? "row was" : "rows were"} made of it in this round` : "";
    const more = round.count > round.children.length ? make("p", {}, `and ${round.count - round.children.length} more`) : null;
    return [
      make("h5", {}, `${name(round.round)}: `, verdict),
      make("div", {}, "said ", words(round.predicted, "b"), score, made ? make("small", {}, ` · ${made}`) : null),
      ...round.children.map((child) => make("div", { class: "child" },
        make("small", {}, words(child.id), child.label ? " · " : "", child.label ? words(child.label) : null,
          child.tokens === null ? "" : ` · ${child.tokens} tokens`),
        ...fields(child.fields))),
      more,
    ].filter(Boolean);
  };

  document.querySelectorAll(".lineage").forEach(show);
})();
