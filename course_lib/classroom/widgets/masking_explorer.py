"""Any sentence, masked: type it, choose how much is hidden, draw again."""

from html import escape

import ipywidgets as widgets
import torch

from course_lib.bert import IGNORE_INDEX
from course_lib.classroom.tables import show_masking
from course_lib.classroom.widgets.shown import STYLE, Shown
from course_lib.classroom.widgets.slider import Slider
from course_lib.files import composed
from course_lib.masking import Vocabulary, mask_tokens


class MaskingExplorer(Shown, widgets.VBox):
    """Mask any text, as often as you like.

    tokenizer: a WordPieceTokenizer   text: what stands in the field at first
    probability: of a token to be chosen, at first
    """

    GO_ON = "Run this cell to type your own text and to draw again."

    def __init__(self, tokenizer, text, probability=0.15):
        self.tokenizer, self.vocabulary = tokenizer, Vocabulary(tokenizer.vocab)
        self.draws = 0
        wide = {"width": "620px"}
        self.text = widgets.Text(value=text, description="text", layout=wide, continuous_update=True)
        self.share = Slider("hidden, %", range(5, 101, 5), value=round(100 * probability))
        self.whole = widgets.Checkbox(description="whole words", indent=False)
        self.button = widgets.Button(description="Draw again", button_style="primary")
        self.button.on_click(lambda _: self.again())
        self.shown = widgets.HTML()
        for control in (self.text, self.whole):
            control.observe(lambda _: self.draw(), "value")
        self.share.on_change(self.draw)
        head = f"{STYLE}<div class='course-title'>What the loss will ask for</div>"
        super().__init__([widgets.HTML(head), self.text, self.share, self.whole, self.button, self.shown])
        self.add_class("course-card")
        self.draw()

    def again(self):
        """The next draw; the first ones are the same for every reader."""
        self.draws += 1
        self.draw()

    def draw(self):
        self.shown.value = self.picture()

    def picture(self):
        """The text with its gaps and, below, how many tokens have which fate."""
        ids = torch.tensor([self.tokenizer.encode(composed(self.text.value)).ids])
        if self.vocabulary.is_special[ids].all():
            return "<div role='status'>There is nothing to hide: type a sentence.</div>"
        generator = torch.Generator().manual_seed(self.draws)
        masked, labels = mask_tokens(
            ids, self.vocabulary, self.share.value / 100, whole_word=self.whole.value, generator=generator
        )
        before, after = ([self.tokenizer.vocab[each] for each in row[0].tolist()] for row in (ids, masked))
        chosen = labels != IGNORE_INDEX
        becomes_mask = (chosen & (masked == self.vocabulary.mask_id)).sum().item()
        stays = (chosen & (masked == ids)).sum().item()
        becomes_random = chosen.sum().item() - becomes_mask - stays
        words = (
            f"{chosen.sum().item()} of {(~self.vocabulary.is_special[ids]).sum().item()} tokens chosen: "
            f"{becomes_mask} [MASK], {becomes_random} random, {stays} kept."
        )
        pieces = show_masking(before, after, labels[0].tolist(), IGNORE_INDEX).data
        return f"{pieces}<div role='status'>{escape(words)}</div>"

    def still(self):
        words = f"{self.text.value} ({self.share.value} % hidden)"
        return words, f"<p>{escape(words)}</p>{self.shown.value}"
