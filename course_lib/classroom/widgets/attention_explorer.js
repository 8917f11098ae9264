// The view of AttentionExplorer. What never changes for a text is built once; moving only repaints it.

const BLUE = [0, 114, 178];
const FULL_STRENGTH = 0.85; // as in the .py: above this, text on the blue is hard to read
const LABELLED = 24; // up to this many tokens the matrix names its rows and columns

function make(tag, className, parent, text = "") {
  const node = document.createElement(tag);
  node.className = className;
  node.textContent = text;
  parent?.append(node);
  return node;
}

// One pixel per weight, blue and more or less opaque: the page behind it may be light or dark.
// `faint` lifts what is weak: up to the strongest weight instead of 1, and by the square root.
function paint(canvas, weights, count, faint) {
  const strongest = faint ? weights.reduce((a, b) => Math.max(a, b), 0) : 1;
  const context = canvas.getContext("2d");
  const image = context.createImageData(count, count);
  for (let index = 0; index < count * count; index++) {
    image.data.set(BLUE, 4 * index);
    const share = weights[index] / strongest;
    image.data[4 * index + 3] = Math.round(255 * FULL_STRENGTH * (faint ? Math.sqrt(share) : share));
  }
  context.putImageData(image, 0, 0);
  return strongest;
}

function makeSquare(parent, count) {
  const canvas = make("canvas", "explorer-pixels", parent);
  canvas.width = canvas.height = count;
  return canvas;
}

function readWeights(model) {
  const view = model.get("weights"); // a DataView; its bytes may start anywhere, a Float32Array's may not
  return new Float32Array(view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength));
}

function build(model, root) {
  const tokens = model.get("tokens");
  const layers = model.get("layers");
  const heads = model.get("heads");
  const weights = readWeights(model);
  const count = tokens.length;
  const many = count > LABELLED;
  const seen = {}; // what is on screen already, so that moving repaints no more than it must
  let preview = null; // the token under the pointer, or null
  let pointed = null; // the token of the column under the pointer, or null

  const limits = { layer: layers, head: heads, position: count };
  const get = (name) => Math.max(0, Math.min(model.get(name), limits[name] - 1));
  const matrixOf = (layer, head) => {
    const start = (layer * heads + head) * count * count;
    return weights.subarray(start, start + count * count);
  };
  const move = (changes) => {
    for (const [name, value] of Object.entries(changes)) {
      model.set(name, Math.max(0, Math.min(value, limits[name] - 1)));
    }
    model.save_changes();
  };
  const visible = (token) => (token.trim() === "" ? "␣" : token);
  const repeated = (position) => tokens.indexOf(tokens[position]) !== tokens.lastIndexOf(tokens[position]);
  const nameOf = (position) =>
    `“${visible(tokens[position])}”${repeated(position) ? ` (token ${position + 1})` : ""}`;
  const target = (from, to) => (from === to ? "itself" : nameOf(to));

  // The choice of layer and head.
  root.replaceChildren();
  root.classList.toggle("explorer-many", many);
  const top = make("div", "explorer-top", root);
  const title = make("div", "explorer-title", top);
  title.setAttribute("role", "heading");
  title.setAttribute("aria-level", "4");
  const selects = {};
  for (const [name, label] of [["layer", "Layer"], ["head", "Head"]]) {
    const holder = make("label", "explorer-choice", top, label);
    selects[name] = make("select", `explorer-${name}`, holder);
    for (let number = 0; number < limits[name]; number++) {
      const option = make("option", "", selects[name], `${number + 1} of ${limits[name]}`);
      option.value = number;
    }
    selects[name].addEventListener("change", () => move({ [name]: Number(selects[name].value) }));
  }

  // The row of tokens.
  const body = make("div", "explorer-body", root);
  const left = make("div", "explorer-left", body);
  const row = make("div", "explorer-tokens", left);
  row.setAttribute("role", "toolbar");
  row.setAttribute("aria-label", "Tokens: choose the one that looks");
  const chips = tokens.map((token, position) => {
    const chip = make("button", "explorer-token", row);
    chip.type = "button";
    chip.dataset.position = position;
    const text = make("span", "explorer-text", chip, visible(token));
    if (repeated(position)) make("small", "explorer-place", text, ` ${position + 1}`); // which “배” is this?
    make("span", "explorer-bar", chip);
    return { chip, number: make("span", "explorer-number", chip) };
  });

  // What is said in words stands where there is room: under few tokens, or beside many.
  const figure = make("div", "explorer-figure", body);
  const said = make("div", "explorer-said", many ? null : left);
  const words = make("p", "explorer-words", said);
  words.setAttribute("aria-live", "polite");
  const keys = [["←", "→"], "token", ["↑", "↓"], "head", ["PgUp", "PgDn"], "layer"];
  const hint = make("p", "explorer-hint", said, "Point at a token, click to stay there. Keys: ");
  for (const part of keys) {
    if (typeof part === "string") hint.append(` ${part}${part === "layer" ? "" : ", "}`);
    else for (const key of part) make("kbd", "", hint, key);
  }

  // The matrix: everything on it is placed in shares of its side, so it may shrink with the page.
  const side = many ? 320 : count * Math.max(14, Math.min(44, Math.floor(300 / count)));
  const grid = make("div", "explorer-grid", figure);
  grid.style.setProperty("--side", `${side}px`);
  make("div", "explorer-columns-title", grid, "looked at →");
  make("div", "explorer-rows-title", grid, "looking →");
  const rowLabels = make("div", "explorer-row-labels", grid);
  const columnLabels = make("div", "explorer-column-labels", grid);
  const labels = many ? [] : tokens.map((token) => ({
    row: make("span", "", rowLabels, visible(token)),
    column: make("span", "", columnLabels, visible(token)),
  }));
  const matrix = make("div", "explorer-matrix", grid);
  matrix.setAttribute("role", "img");
  const canvas = makeSquare(matrix, count);
  if (!many) make("div", "explorer-lines", matrix).style.backgroundSize = `${100 / count}% ${100 / count}%`;
  const frame = make("div", "explorer-frame", matrix);
  const cell = make("div", "explorer-cell", matrix);
  frame.style.height = cell.style.width = cell.style.height = `${100 / count}%`;
  const cellWords = make("p", "explorer-cell-words", figure);
  const legend = make("div", "explorer-legend", figure);
  make("span", "", legend, "0.00");
  const scale = make("span", "explorer-scale", legend);
  const legendEnd = make("span", "", legend);
  const stretchHolder = make("label", "explorer-stretch", legend);
  const stretch = make("input", "", stretchHolder);
  stretch.type = "checkbox";
  stretch.checked = many; // shared among that many tokens, most weights are faint
  stretchHolder.append("show faint weights");
  if (many) figure.append(said);

  // All heads at once. With few tokens there is room beside the matrix; many are painted when first opened.
  const overview = make("details", "explorer-overview", many ? root : left);
  make("summary", "", overview, `All ${layers * heads} heads at a glance: one row per layer. Click one.`);
  overview.hidden = layers * heads === 1;
  overview.open = layers * heads <= 16 && !many;
  const wall = make("div", "explorer-wall", overview);
  wall.style.setProperty("--heads", heads);
  const thumbs = [];
  const paintOverview = () => {
    if (!overview.open) return;
    for (let index = 0; index < layers * heads; index++) {
      const [layer, head] = [Math.floor(index / heads), index % heads];
      if (!thumbs[index]) {
        const thumb = make("button", "explorer-thumb", wall);
        thumb.type = "button";
        thumb.tabIndex = -1; // the arrow keys reach every head already: no 144 stops for the Tab key
        thumb.title = `layer ${layer + 1}, head ${head + 1}`;
        thumb.setAttribute("aria-label", thumb.title);
        thumb.addEventListener("click", () => move({ layer, head }));
        thumbs[index] = { thumb, canvas: makeSquare(thumb, count) };
      }
      paint(thumbs[index].canvas, matrixOf(layer, head), count, stretch.checked);
    }
    markThumb(get("layer") * heads + get("head"));
  };
  const markThumb = (current) => {
    thumbs.forEach(({ thumb }, index) => thumb.classList.toggle("explorer-current", index === current));
  };

  const repaintMatrix = () => {
    const [layer, head] = [get("layer"), get("head")];
    const key = `${layer} ${head} ${stretch.checked}`;
    if (seen.matrix === key) return;
    seen.matrix = key;
    selects.layer.value = layer;
    selects.head.value = head;
    legendEnd.textContent = paint(canvas, matrixOf(layer, head), count, stretch.checked).toFixed(2);
    scale.classList.toggle("explorer-faint", stretch.checked);
    matrix.setAttribute("aria-label", `Heat map of layer ${layer + 1}, head ${head + 1}: who looks at whom`);
    markThumb(layer * heads + head);
  };

  const repaint = () => {
    const [layer, head, position] = [get("layer"), get("head"), get("position")];
    const active = preview ?? position;
    repaintMatrix();
    title.textContent = model.get("title");
    title.hidden = !title.textContent;

    const looks = matrixOf(layer, head).subarray(active * count, (active + 1) * count);
    const order = [...looks.keys()].sort((a, b) => looks[b] - looks[a]);
    chips.forEach(({ chip, number }, index) => {
      chip.style.setProperty("--weight", looks[index].toFixed(4));
      number.textContent = looks[index].toFixed(2);
      chip.classList.toggle("explorer-active", index === active);
      chip.classList.toggle("explorer-selected", index === position);
      chip.classList.toggle("explorer-most", index === order[0]);
      chip.classList.toggle("explorer-pointed", index === pointed);
      chip.setAttribute("aria-pressed", index === position);
      chip.tabIndex = index === position ? 0 : -1;
    });
    labels.forEach((label, index) => {
      label.row.classList.toggle("explorer-active", index === active);
      label.column.classList.toggle("explorer-pointed", index === pointed);
    });
    frame.style.top = `${(100 * active) / count}%`;
    cell.hidden = pointed === null;
    if (pointed !== null) {
      cell.style.top = frame.style.top;
      cell.style.left = `${(100 * pointed) / count}%`;
      cellWords.textContent = `${nameOf(active)} looks at ${target(active, pointed)}: ${looks[pointed].toFixed(2)}`;
    } else {
      cellWords.textContent = "Point at a cell to read it.";
    }

    const [first, ...rest] = order
      .slice(0, 3)
      .filter((index, place) => place === 0 || looks[index] >= 0.005) // the rest would read “0.00”
      .map((index) => `${target(active, index)} (${looks[index].toFixed(2)})`);
    const sentence =
      `In layer ${layer + 1}, head ${head + 1}, ${nameOf(active)} looks most at ${first}` +
      (rest.length ? `, then at ${rest.join(" and ")}.` : ".");
    if (words.textContent !== sentence) words.textContent = sentence; // or a screen reader says it again
  };

  const point = (newPreview, newPointed = null) => {
    if (newPreview === preview && newPointed === pointed) return;
    [preview, pointed] = [newPreview, newPointed];
    repaint();
  };
  const positionOf = (event) => {
    const chip = event.target.closest(".explorer-token");
    return chip ? Number(chip.dataset.position) : null;
  };
  const cellOf = (event) => {
    const box = matrix.getBoundingClientRect();
    const index = (distance, length) => Math.max(0, Math.min(count - 1, Math.floor((count * distance) / length)));
    return [index(event.clientY - box.top, box.height), index(event.clientX - box.left, box.width)];
  };
  // Between two tokens the last one stays: a preview that flickers off in every gap is no fun to sweep over.
  row.addEventListener("pointerover", (event) => positionOf(event) !== null && point(positionOf(event)));
  row.addEventListener("pointerleave", () => point(null));
  row.addEventListener("click", (event) => {
    if (positionOf(event) === null) return;
    move({ position: positionOf(event) });
    chips[positionOf(event)].chip.focus({ preventScroll: true }); // Safari gives a clicked button no focus
  });
  matrix.addEventListener("pointermove", (event) => point(...cellOf(event)));
  matrix.addEventListener("pointerleave", () => point(null));
  matrix.addEventListener("click", (event) => {
    move({ position: cellOf(event)[0] });
    chips[get("position")].chip.focus({ preventScroll: true });
  });
  stretch.addEventListener("change", () => {
    repaintMatrix();
    paintOverview();
  });
  overview.addEventListener("toggle", paintOverview);

  row.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    const step = {
      ArrowLeft: { position: get("position") - 1 },
      ArrowRight: { position: get("position") + 1 },
      Home: { position: 0 },
      End: { position: count - 1 },
      ArrowUp: { head: get("head") - 1 },
      ArrowDown: { head: get("head") + 1 },
      PageUp: { layer: get("layer") - 1 },
      PageDown: { layer: get("layer") + 1 },
    }[event.key];
    if (!step) return;
    event.preventDefault();
    [preview, pointed] = [null, null]; // the keys win over a mouse that lies still on some token
    move(step);
    repaint();
    chips[get("position")].chip.focus({ preventScroll: true });
  });

  repaint();
  return repaint;
}

function render({ model, el }) {
  const root = make("div", "attention-explorer", el);
  root.setAttribute("role", "group");
  root.setAttribute("aria-label", "Attention explorer");
  let repaint = () => {};

  // In a notebook, "d d" deletes the cell and an arrow leaves it: plain keys must not get there. Ctrl+S may.
  root.addEventListener("keydown", (event) => {
    const shortcut = event.ctrlKey || event.metaKey || event.altKey || (event.shiftKey && event.key === "Enter");
    if (!shortcut && event.key !== "Escape" && event.key !== "Tab") event.stopPropagation();
  });

  const rebuild = () => {
    const count = model.get("tokens").length;
    const wanted = 4 * model.get("layers") * model.get("heads") * count * count;
    if (wanted > 0 && model.get("weights").byteLength === wanted) repaint = build(model, root);
  };
  const move = () => repaint();
  const listeners = [
    ["change:tokens change:weights change:layers change:heads", rebuild],
    ["change:layer change:head change:position change:title", move],
  ];
  for (const [events, listener] of listeners) {
    for (const event of events.split(" ")) model.on(event, listener);
  }
  rebuild();
  return () => {
    for (const [events, listener] of listeners) {
      for (const event of events.split(" ")) model.off(event, listener);
    }
    root.remove();
  };
}

export default { render };
