// The script of report.html. It runs from a file, so it is plain JavaScript that needs nothing else.
(() => {
  const PAGE = 60;
  const SIGNIFICANT = ["allow", "warn", "blur", "review", "block"];
  const REJECTED = ["blur", "review", "block"];
  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  const { thresholds, histograms, pictures } = read("data");
  const items = read("items");
  const byId = (id) => document.getElementById(id);

  /** @param {string} tag @param {Record<string, unknown>} properties @param {...(Node | string)} children */
  function element(tag, properties = {}, ...children) {
    const made = Object.assign(document.createElement(tag), properties);
    made.append(...children);
    return made;
  }

  const title = (category) => category.replace(/^custom:/, "").replaceAll("_", " ");
  const top = (item) => Math.max(0, ...Object.values(item.scores));
  const number = (n) => n.toLocaleString("en-US");

  // pictures

  const state = {
    actions: new Set(),
    category: "",
    problem: "",
    faces: "",
    search: "",
    sort: "severity",
    shown: PAGE,
    flips: false,
  };

  function card(item) {
    const made = element("li", { className: "card" });
    made.dataset.action = item.action;
    const thumb = element("button", { type: "button", className: "thumb", title: "Show or hide" });
    thumb.setAttribute("aria-pressed", String(item.action === "allow" && item.judged));
    thumb.setAttribute("aria-label", `Show ${item.key}`);
    if (item.thumb) {
      thumb.append(
        element("img", { src: `data:image/jpeg;base64,${item.thumb}`, alt: "", loading: "lazy", decoding: "async" }),
        element("span", {}, "blurred: click to show"),
      );
      thumb.addEventListener("click", () => {
        thumb.setAttribute("aria-pressed", String(thumb.getAttribute("aria-pressed") !== "true"));
      });
    } else {
      thumb.disabled = true;
      thumb.append(element("span", {}, "no picture can be shown"));
    }
    const facts = element("div", { className: "facts" });
    facts.append(element("p", { className: "action" }, item.action + (item.judged ? "" : ", not judged")));
    facts.append(element("p", {}, item.key));
    for (const [category, score] of Object.entries(item.scores)
      .sort((a, b) => b[1] - a[1])
      .slice(0, 3)) {
      if (score >= 0.05) facts.append(element("p", {}, `${title(category)} ${score.toFixed(2)}`));
    }
    for (const caption of item.captions) {
      const [worst] = caption.reasons;
      if (worst) facts.append(element("p", {}, `caption: ${title(worst.category ?? "not judged")}, ${caption.action}`));
    }
    for (const problem of item.problems) facts.append(element("p", {}, element("small", {}, problem.detail)));
    made.append(thumb, facts);
    return made;
  }

  const shownFaces = ({ faces }) => (faces === null ? "" : (["none", "one"][faces] ?? "several"));

  function wanted() {
    const { actions, category, problem, faces, search, sort } = state;
    const found = items.filter(
      (item) =>
        (actions.size === 0 || actions.has(item.action)) &&
        (category === "" || category in item.scores || item.reasons.some((r) => r.category === category)) &&
        (problem === "" || item.problems.some((p) => p.code === problem)) &&
        (faces === "" || shownFaces(item) === faces) &&
        (search === "" || item.key.toLowerCase().includes(search)) &&
        (!state.flips || flips(item)),
    );
    const score = (item) => (category === "" ? top(item) : (item.scores[category] ?? 0));
    if (sort === "score") found.sort((a, b) => score(b) - score(a));
    if (sort === "name") found.sort((a, b) => (a.key < b.key ? -1 : 1));
    return found;
  }

  function draw() {
    const found = wanted();
    byId("pictures").replaceChildren(...found.slice(0, state.shown).map(card));
    byId("more").hidden = found.length <= state.shown;
    const rest =
      items.length < pictures
        ? ` This page holds the ${number(items.length)} that most deserve a look; results.jsonl has all ${number(pictures)}.`
        : "";
    byId("shown").textContent = `${number(found.length)} of ${number(items.length)} pictures.${rest}`;
  }

  const redraw = () => {
    state.shown = PAGE;
    draw();
  };

  function choice(name, label, options, change) {
    const select = element("select", {}, ...options.map(([value, text]) => element("option", { value }, text)));
    select.addEventListener("change", () => {
      change(select.value);
      redraw();
    });
    select.id = `filter-${name}`;
    return element("label", {}, `${label} `, select);
  }

  function filters() {
    const present = SIGNIFICANT.filter((action) => items.some((item) => item.action === action));
    const buttons = present.map((action) => {
      const button = element("button", { type: "button" }, action);
      button.dataset.action = action;
      button.setAttribute("aria-pressed", "false");
      button.addEventListener("click", () => {
        const on = !state.actions.has(action);
        if (on) state.actions.add(action);
        else state.actions.delete(action);
        button.setAttribute("aria-pressed", String(on));
        redraw();
      });
      return button;
    });
    const categories = [...new Set(items.flatMap((item) => Object.keys(item.scores)))].sort();
    const codes = [...new Set(items.flatMap((item) => item.problems.map((p) => p.code)))].sort();
    const search = element("input", { type: "search", placeholder: "part of the name" });
    search.addEventListener("input", () => {
      state.search = search.value.trim().toLowerCase();
      redraw();
    });
    byId("filters").append(
      ...buttons,
      choice("category", "Category", [["", "any"], ...categories.map((c) => [c, title(c)])], (value) => {
        state.category = value;
      }),
      choice("problem", "Problem", [["", "any"], ...codes.map((c) => [c, c.replaceAll("_", " ")])], (value) => {
        state.problem = value;
      }),
      ...(items.some((item) => item.faces > 0)
        ? [
            choice(
              "faces",
              "Faces",
              ["any", "none", "one", "several"].map((each) => [each === "any" ? "" : each, each]),
              (value) => {
                state.faces = value;
              },
            ),
          ]
        : []),
      choice(
        "sort",
        "Sort by",
        [
          ["severity", "severity"],
          ["score", "score"],
          ["name", "name"],
        ],
        (value) => {
          state.sort = value;
        },
      ),
      element("label", {}, "Name ", search),
    );
    byId("more").addEventListener("click", () => {
      state.shown += PAGE;
      draw();
    });
  }

  // thresholds

  const rejects = (category) => {
    const levels = thresholds[category] ?? {};
    const limits = REJECTED.map((action) => levels[action]).filter((limit) => limit !== undefined);
    return limits.length > 0 ? Math.min(...limits) : undefined;
  };
  const slider = byId("threshold");
  const chosen = byId("category");

  const over = (category, limit) =>
    histograms[category].slice(Math.round(limit * 100)).reduce((sum, n) => sum + n, 0) +
    (limit >= 1 ? histograms[category][99] : 0);

  function flips(item) {
    const category = chosen.value;
    const score = item.scores[category] ?? 0;
    const before = rejects(category);
    const now = Number(slider.value);
    return (before !== undefined && score >= before) !== score >= now;
  }

  function histogram() {
    const category = chosen.value;
    const now = Number(slider.value);
    const bins = histograms[category];
    const most = Math.max(...bins);
    const scale = (n) => (n === 0 ? 0 : 12 + (108 * Math.log(n + 1)) / Math.log(most + 1));
    const bars = bins
      .map(
        (n, i) =>
          `<rect class="${i / 100 >= now ? "over" : ""}" x="${i * 10}" y="${130 - scale(n)}" width="8" height="${scale(n)}"><title>${(i / 100).toFixed(2)}: ${n}</title></rect>`,
      )
      .join("");
    const marks = Object.entries(thresholds[category] ?? {})
      .map(
        ([action, at]) =>
          `<line x1="${at * 1000}" x2="${at * 1000}" y1="8" y2="130"/><text x="${Math.min(at * 1000 + 4, 950)}" y="14">${action}</text>`,
      )
      .join("");
    byId("histogram").innerHTML =
      `<svg viewBox="0 0 1000 148" preserveAspectRatio="none" role="img" aria-label="Scores for ${title(category)}">${bars}${marks}<text x="0" y="145">0</text><text x="980" y="145">1</text></svg>`;
    byId("value").textContent = now.toFixed(2);
    const before = rejects(category);
    const count = over(category, now);
    const change = before === undefined ? count : count - over(category, before);
    const compared =
      before === undefined ? "The policy rejects nobody for it." : `The policy's own limit is ${before.toFixed(2)}.`;
    const text = `${number(count)} of ${number(pictures)} pictures score ${now.toFixed(2)} or more for ${title(category)}: ${change === 0 ? "as many" : `${number(Math.abs(change))} ${change > 0 ? "more" : "fewer"}`} than are rejected now. ${compared} `;
    const toggle = element("button", { type: "button" }, "Show those that flip");
    toggle.setAttribute("aria-pressed", String(state.flips));
    toggle.addEventListener("click", () => {
      state.flips = !state.flips;
      toggle.setAttribute("aria-pressed", String(state.flips));
      redraw();
    });
    byId("flips").replaceChildren(text, toggle);
    if (state.flips) redraw();
  }

  function sliders() {
    const categories = Object.keys(histograms);
    if (categories.length === 0) return;
    byId("thresholds").hidden = false;
    chosen.append(...categories.map((category) => element("option", { value: category }, title(category))));
    const start = () => {
      slider.value = String(rejects(chosen.value) ?? 0.5);
      histogram();
    };
    chosen.addEventListener("change", start);
    slider.addEventListener("input", histogram);
    start();
  }

  // copies

  function duplicates() {
    const groups = read("copies");
    if (groups.length === 0) return;
    byId("duplicates").hidden = false;
    byId("groups").append(...groups.map((group) => element("ul", { className: "group" }, ...group.map(card))));
  }

  filters();
  sliders();
  duplicates();
  draw();
})();
