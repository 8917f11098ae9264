"""Week 7 as a learner studies it: search, pieces, heads and exercises."""

from playwright.sync_api import expect
from solving import choose, sort, write

NOTEBOOK = "07_real_bert.ipynb"
START = "Searching(Search(some, model, tokenizer)"

PIECES = "TokenizerExplorer(both,"
HEADS = "AttentionExplorer(encoding.tokens, attentions"
WHOSE, KOREAN = 'card("7.1")', 'card("7.2")'
POOLING = '@exercise("7.3")'
NEAREST = '@exercise("7.4")'
GATE = '@exercise("7.5")'
LOCAL = '@exercise("7.6")'
MINE = "yours = load_model(folder, BertModel, fused=False)"


def test_exercises_and_widgets(lab):
    """Every exercise once wrongly and once rightly; every widget used once."""
    lab.open(NOTEBOOK)
    lab.run_cell(START)
    find(lab)
    for cell in (WHOSE, PIECES, KOREAN):
        lab.run_cell(cell)
    sort(lab, WHOSE, "7.1")
    cut(lab)
    choose(lab, KOREAN, "7.2")
    write(lab, POOLING, "7.3", change=("is_real.sum(dim=1)", "hidden.shape[1]"), says="when you divide")
    write(lab, NEAREST, "7.4", change=(" / lengths", ""), says="Your order is that of the dot products")
    write(
        lab,
        GATE,
        "7.5",
        change=("F.gelu(wide[..., :half])", "wide[..., :half]"),
        says="did not go through GELU",
    )
    write(lab, LOCAL, "7.6", change=("window // 2", "window"), says="Your window is twice as wide")
    lab.run_cell('"7-same"')
    lab.run_cell("import transformers")
    lab.run_cell(MINE)
    expect(lab.output(MINE)).to_contain_text("similarity.mean_pooling, similarity.most_similar, modern.geglu")
    expect(lab.output(MINE)).to_contain_text("largest difference")
    look(lab)
    assert lab.widget_errors() == []
    assert lab.console_errors == []
    assert lab.accessibility_problems() == []


def find(lab):
    """A question of one's own, to both searches."""
    panel = lab.card(START)
    expect(panel).to_contain_text("math.gcd")
    panel.locator("input[type=text]").fill("capital letters")
    expect(panel).to_contain_text("str.upper")
    lab.screenshot("search", panel, picture="search")
    panel.locator("input[type=text]").fill("zzz")
    expect(panel).to_contain_text("nothing")


def cut(lab):
    """Korean in the English vocabulary."""
    shown = lab.output(PIECES).locator(".tokenizer-explorer")
    shown.get_by_label("Type a text").fill("한국어")
    expect(shown).to_contain_text("ᄒ")
    lab.screenshot("pieces", shown)


def look(lab):
    """The head that looks one piece back."""
    lab.run_cell(HEADS)
    shown = lab.output(HEADS)
    expect(shown).to_contain_text("river")
    lab.screenshot("heads", shown)
