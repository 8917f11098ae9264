"""Week 8: what can be asked of BERT? One small head for each kind of answer, on the same vectors.

Devlin et al. 2019, figure 4. (a) and (b): a class for a pair of texts, or for one. (c): where in a text the
answer to a question begins and ends. (d): a label for every token. What differs is which vectors the head
reads, and what it is trained to say. Below it all is the same BERT.
"""

from dataclasses import dataclass

import torch
from torch import nn

from course_lib.bert import BertModel, HeadOutput, initialise, mean_loss

NO_ANSWER = 0  # the position of [CLS]: what is asked has no answer in this text


class BertForSequenceClassification(nn.Module):
    """BERT that sorts texts, or pairs of texts, into classes, by the pooled vector of [CLS].

    config: a BertConfig   num_labels: how many classes there are
    label_names: their names, in the order of their numbers; LABEL_0, LABEL_1, … without them
    Devlin et al. 2019, figure 4 (a) and (b).
    """

    label_head = "classifier"  # the module that has a row for each label, for `checkpoint.py`

    def __init__(self, config, num_labels=2, fused=True, label_names=None):
        super().__init__()
        self.label_names = names_of_labels(num_labels, label_names)
        self.bert = BertModel(config, fused)
        self.dropout = nn.Dropout(config.hidden_dropout_prob)
        self.classifier = initialise(nn.Linear(config.hidden_size, num_labels), config)

    @property
    def config(self):
        return self.bert.config

    def forward(
        self, input_ids, token_type_ids=None, attention_mask=None, labels=None, output_attentions=False
    ):
        """labels: (batch,) integers below num_labels, −100 for a text that the loss leaves out; or None

        Returns a HeadOutput, logits (batch, num_labels).
        """
        output = self.bert(input_ids, token_type_ids, attention_mask, output_attentions)
        logits = self.classifier(self.dropout(output.pooler_output))  # (batch, num_labels)
        loss = None if labels is None else mean_loss(logits, labels)
        return HeadOutput(loss, logits, attentions=output.attentions)


class BertForTokenClassification(nn.Module):
    """BERT that gives a label to every token: the same matrix at every position, and no pooler.

    config, num_labels, label_names: as in BertForSequenceClassification
    Devlin et al. 2019, figure 4 (d) and section 5.3.
    """

    label_head = "classifier"

    def __init__(self, config, num_labels=2, fused=True, label_names=None):
        super().__init__()
        self.label_names = names_of_labels(num_labels, label_names)
        self.bert = BertModel(config, fused, pooler=False)
        self.dropout = nn.Dropout(config.hidden_dropout_prob)
        self.classifier = initialise(nn.Linear(config.hidden_size, num_labels), config)

    @property
    def config(self):
        return self.bert.config

    def forward(
        self, input_ids, token_type_ids=None, attention_mask=None, labels=None, output_attentions=False
    ):
        """labels: (batch, n) integers below num_labels, −100 where the loss asks for none; or None

        Returns a HeadOutput, logits (batch, n, num_labels).
        """
        output = self.bert(input_ids, token_type_ids, attention_mask, output_attentions)
        logits = self.classifier(self.dropout(output.last_hidden_state))  # (batch, n, num_labels)
        loss = None if labels is None else mean_loss(logits, labels)
        return HeadOutput(loss, logits, attentions=output.attentions)


@dataclass
class AnswerOutput:
    """loss: a scalar, or None without positions   start_logits, end_logits: (batch, n)
    attentions: as in BertOutput"""

    loss: torch.Tensor | None
    start_logits: torch.Tensor
    end_logits: torch.Tensor
    attentions: tuple | None = None


class BertForQuestionAnswering(nn.Module):
    """BERT that points at the answer: a score for each token to be its first one, and one to be its last.

    The text is [CLS] question [SEP] context [SEP]. No pooler; dropout is that of the BERT below.
    Devlin et al. 2019, figure 4 (c), sections 4.2 and 4.3.
    """

    label_head = None  # two rows, start and end, whatever is asked

    def __init__(self, config, fused=True):
        super().__init__()
        self.bert = BertModel(config, fused, pooler=False)
        self.qa_outputs = initialise(nn.Linear(config.hidden_size, 2), config)

    @property
    def config(self):
        return self.bert.config

    def forward(
        self,
        input_ids,
        token_type_ids=None,
        attention_mask=None,
        start_positions=None,
        end_positions=None,
        output_attentions=False,
    ):
        """start_positions, end_positions: (batch,), the positions of the answer's first and last token, both
        NO_ANSWER where there is none, −100 for a text that the loss leaves out; or neither of the two

        The loss is the mean of both cross-entropies, each a choice among all n positions. (The paper has
        their sum, and its published code the mean; both have the same minima.) Returns an AnswerOutput.
        """
        if (start_positions is None) != (end_positions is None):
            missing = "start_positions" if start_positions is None else "end_positions"
            raise ValueError(f"give both start_positions and end_positions, or neither: {missing} is missing")
        output = self.bert(input_ids, token_type_ids, attention_mask, output_attentions)
        logits = self.qa_outputs(output.last_hidden_state)  # (batch, n, 2)
        start_logits, end_logits = logits.unbind(dim=-1)  # (batch, n) each
        loss = None
        if start_positions is not None:
            loss = (mean_loss(start_logits, start_positions) + mean_loss(end_logits, end_positions)) / 2
        return AnswerOutput(loss, start_logits, end_logits, output.attentions)


def names_of_labels(num_labels, label_names=None):
    """The names of `num_labels` labels, a tuple. ValueError where not every label has a name of its own."""
    if num_labels < 1:
        raise ValueError(f"num_labels must be at least 1, got {num_labels}")
    if label_names is None:
        return tuple(f"LABEL_{number}" for number in range(num_labels))
    names = tuple(label_names)
    if len(names) != num_labels:
        raise ValueError(f"{num_labels} labels need as many label_names, got {len(names)}: {names!r:.80}")
    for name in names:
        if not isinstance(name, str) or names.count(name) > 1:
            raise ValueError(f"label_names must be strings, each of them once; got {name!r} in {names!r:.80}")
    return names
