"""What an embedding says of the laws, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from noether_sym.neural.embed_document import EmbeddingDocument, PredictionEntry

_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def completeness(document: EmbeddingDocument) -> str:
    """Whether the laws explain every conserved direction, in a sentence or two."""
    count, explained, laws = document.directions, document.explained, len(document.laws)
    found = f"{_said(count, 'independent conserved direction')}, {_said(laws, 'law')}"
    if count == 0 and laws == 0:
        return (
            "Nothing left: the embedding found no conserved direction, and the search no law, on "
            "trajectories that neither was trained on."
        )
    more = ""
    if laws > explained:
        beyond = laws - explained
        more = (
            f" {_sentence(_said(beyond, 'law'))} {'is' if beyond == 1 else 'are'} beyond what the "
            "embedding could learn from these data; its count is a lower bound."
        )
    if explained < count:
        left = count - explained
        return (
            f"{_sentence(found)}: search deeper. {_sentence(_said(left, 'direction'))} "
            f"{'is' if left == 1 else 'are'} conserved and explained by no law.{more}"
        )
    verdict = "nothing left" if count else "the embedding adds nothing"
    return f"{_sentence(found)}: {verdict}.{more}"


def algorithm(own: PredictionEntry) -> str:
    """What algorithm 1 was worth, in words: beside plain training, and beside a random g."""
    learned, plain = own.errors["algorithm 1"], own.errors["plain training"]
    random = own.errors["frozen random g"]
    if learned is None:
        told = "Algorithm 1: a roll-out ran away."
    elif plain is None or learned < plain:
        told = "Algorithm 1 predicts better than the same updates of plain training"
        same = random is not None and (plain is None or random < plain)
        told += ", and so does a frozen embedding of random weights." if same else "."
    else:
        told = "Algorithm 1 predicts no better than the same updates of plain training."
    if own.conserved is not None:
        told += (
            f" Of the {own.outputs} outputs of its embedding {own.conserved} combinations are "
            "conserved along held-out trajectories; nothing in it asks for that."
        )
    return told + " This is one seed."


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:]


def _said(count: int, what: str) -> str:
    number = _NUMBERS[count] if count < len(_NUMBERS) else str(count)
    return f"{number} {what}{'s' * (count != 1)}"
