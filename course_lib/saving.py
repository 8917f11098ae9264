"""For every week: a notebook that is saved can be read without its kernel.

A widget lives in the kernel that made it. Where that has ended, JupyterLab says "model not found" in the
widget's place, although its still form stands beside it in the file. So the Jupyter server saves the still
form alone. On the page where the notebook runs, the widgets live on.

Jupyter loads this module because of `classroom/jupyter/server.json`. It stands outside the classroom, with
which the server would import torch.
"""

WIDGET = "application/vnd.jupyter.widget-view+json"


def keep_still_forms(notebook):
    """Take the widgets out of the outputs of a notebook; what each shows beside it, HTML or text, stays."""
    for cell in notebook.get("cells", []):
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            if data.pop(WIDGET, None) and not data:
                data["text/plain"] = "A widget. Run this cell to see it."


def before_saving(model, **_):
    """What the server calls with everything that it is about to save."""
    if model.get("type") == "notebook":
        keep_still_forms(model["content"])


def _jupyter_server_extension_points():
    return [{"module": __name__}]


def _load_jupyter_server_extension(server):
    server.contents_manager.register_pre_save_hook(before_saving)
