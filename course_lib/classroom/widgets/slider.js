// The view of Slider: an <input type="range"> over the places of the options, which knows keys by itself.

function render({ model, el }) {
  const label = document.createElement("label");
  label.className = "course-slider";
  const name = document.createElement("span");
  name.textContent = model.get("description");
  const input = document.createElement("input");
  input.type = "range";
  input.min = 0;
  input.max = model.get("labels").length - 1;
  const output = document.createElement("output");
  label.append(name, input, output);
  input.addEventListener("keydown", (event) => {
    if (event.key.startsWith("Arrow")) event.stopPropagation(); // or JupyterLab goes to another cell
  });
  el.append(label);

  const show = () => {
    const chosen = model.get("labels")[model.get("place")];
    input.value = model.get("place");
    input.setAttribute("aria-valuetext", chosen); // the place alone would say nothing
    output.textContent = chosen;
  };
  input.addEventListener("input", () => {
    model.set("place", Number(input.value));
    model.save_changes();
  });
  model.on("change:place", show);
  show();
  return () => model.off("change:place", show);
}

export default { render };
