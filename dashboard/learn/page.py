"""The words that Graft uses, one sentence each, in the order in which one meets them."""

import streamlit as st

from dashboard.glossary import GLOSSARY
from dashboard.shared.texts import escape_html, show_note

CHAPTERS: dict[str, dict[str, str]] = {
    "What you begin with": {
        "Backbone": "backbone",
        "Head": "head",
        "Classes": "classes",
        "Training, validation, test": "split",
        "Groups of photos without labels": "grouping",
    },
    "What you decide": {
        "Recipe": "recipe",
        "Stage": "stage",
        "Frozen": "frozen",
        "Learning rate": "learning rate",
        "Epoch": "epochs",
        "Batch": "batch size",
        "Augmentation": "augmentation",
        "Early stopping": "early stopping",
        "Teacher": "teacher",
    },
    "What you watch": {
        "Loss": "loss",
        "Accuracy": "accuracy",
        "Validation": "validation",
        "Overfitting": "overfitting",
        "Gap": "gap",
    },
    "What comes out": {
        "Margin (± 3.7)": "margin",
        "Confusion": "confusion",
        "Precision": "precision of a class",
        "Recall": "recall",
        "F1": "f1",
        "Test": "test",
        "Confidence": "confidence",
    },
}


def page() -> None:
    st.title("What do the words mean?", anchor=False)
    show_note(
        "A network that has seen very many photos already knows edges, textures and parts of things. Transfer "
        "learning keeps that and teaches it your classes: a new head is put on, and as much of the rest as you like "
        "learns along."
    )
    chapters = list(CHAPTERS.items())
    half = len(chapters) // 2
    for column, part in zip(st.columns(2, gap="large"), (chapters[:half], chapters[half:]), strict=True):
        with column:
            for title, entries in part:
                st.header(title, anchor=False)
                _show_entries(entries)


def _show_entries(entries: dict[str, str]) -> None:
    """Show terms with their explanations. entries: the glossary's key by the term as it is shown."""
    rows = "".join(
        f'<p><b>{escape_html(term)}</b><br><span class="muted">{escape_html(GLOSSARY[key])}</span></p>'
        for term, key in entries.items()
    )
    st.html(f'<div class="glossary">{rows}</div>')


page()
