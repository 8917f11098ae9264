// The view of TokenizerExplorer. Python cuts the text; here it is typed, drawn and pointed at.

function make(tag, className, parent, text = "") {
  const node = document.createElement(tag);
  node.className = className;
  node.textContent = text;
  parent?.append(node);
  return node;
}

const visible = (character) => (/\s/.test(character) ? "␣" : character);

function render({ model, el }) {
  const root = make("div", "tokenizer-explorer", el);
  const label = make("label", "tokenizer-label", root, "Type a text, in any language: ");
  const input = make("input", "tokenizer-input", label);
  input.type = "text";
  input.maxLength = model.get("longest");
  input.value = model.get("text");
  input.spellcheck = false;

  const shown = make("div", "tokenizer-text", root);
  shown.setAttribute("aria-hidden", "true"); // the same characters stand in the input
  const rows = make("div", "tokenizer-rows", root);
  const words = make("p", "tokenizer-words", root);
  words.setAttribute("aria-live", "polite");
  let characters = []; // one node for each code point, as Python counts them
  let chosen = null; // the token that was clicked or reached by the keyboard, and stays

  const light = (button) => {
    const from = button ? Number(button.dataset.start) : 0;
    const to = button ? Number(button.dataset.end) : 0;
    characters.forEach((node, place) => {
      node.classList.toggle("tokenizer-lit", from <= place && place < to);
    });
    words.textContent = button ? button.dataset.says : "Choose a token to see its characters in the text.";
  };

  const choose = (button) => {
    chosen?.setAttribute("aria-pressed", "false");
    chosen = button;
    chosen?.setAttribute("aria-pressed", "true");
    light(chosen);
  };

  const draw = () => {
    const answered = model.get("rows");
    const codePoints = Array.from(answered.length ? answered[0].text : "");
    shown.replaceChildren();
    characters = codePoints.map((character) => make("span", "tokenizer-character", shown, visible(character)));
    rows.replaceChildren();
    for (const { title, says, pieces } of answered) {
      const row = make("div", "tokenizer-row", rows);
      const head = make("div", "tokenizer-head", row);
      make("b", "", head, title);
      make("span", "", head, ` · ${says}`);
      const list = make("div", "tokenizer-pieces", row);
      list.setAttribute("role", "group");
      list.setAttribute("aria-label", `Tokens, with the vocabulary ${title}`);
      pieces.forEach((piece, place) => {
        const button = make("button", "tokenizer-piece", list, piece.text);
        button.type = "button";
        button.tabIndex = place ? -1 : 0; // one stop of Tab for each row, arrows inside
        button.classList.toggle("tokenizer-goes-on", piece.text.startsWith("##"));
        button.classList.toggle("tokenizer-unknown", !piece.known);
        button.setAttribute("aria-pressed", "false");
        button.dataset.start = piece.start;
        button.dataset.end = piece.end;
        const covered = codePoints.slice(piece.start, piece.end).map(visible).join("");
        button.dataset.says =
          `${piece.text} has the id ${piece.id} and stands for the characters ` +
          `${piece.start} to ${piece.end} of the text: “${covered}”`;
      });
    }
    choose(null);
  };

  input.addEventListener("input", () => {
    model.set("text", input.value);
    model.save_changes();
  });
  const pieceAt = (event) => event.target.closest(".tokenizer-piece");
  rows.addEventListener("click", (event) => pieceAt(event) && choose(pieceAt(event)));
  rows.addEventListener("focusin", (event) => pieceAt(event) && choose(pieceAt(event)));
  rows.addEventListener("pointerover", (event) => pieceAt(event) && light(pieceAt(event)));
  rows.addEventListener("pointerout", () => light(chosen));
  root.addEventListener("keydown", (event) => {
    event.stopPropagation(); // or JupyterLab takes keys, such as the arrows, for its own
    const piece = pieceAt(event);
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!piece || !step) return;
    const all = [...piece.parentNode.children];
    all[all.indexOf(piece) + step]?.focus();
    event.preventDefault();
  });
  model.on("change:rows", draw);
  draw();
  return () => model.off("change:rows", draw);
}

export default { render };
