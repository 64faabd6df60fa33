"""How long, how fast, on what pixels: the settings everyone sees, and behind one switch all the others."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import streamlit as st

from core.backbones import BackboneCard, image_size_multiple, image_sizes_for
from core.datasets import Dataset
from core.device import devices
from core.plans import (
    SIMPLE_HEADS,
    Plan,
    can_fit_heads,
    fits_heads,
    is_simple,
    set_early_stopping,
    set_epochs,
    set_head_rate,
    set_optimizer,
    set_phase,
)
from dashboard.glossary import GLOSSARY
from dashboard.plan.distillation import show_teacher_settings
from dashboard.plan.widgets import columns_in_rows, part_of_page, plan_widget, show_objective, with_value
from dashboard.shared.texts import escape_markdown

USUAL_EPOCHS = 50
SMALLEST_PHOTO = 32
LARGEST_PHOTO = 2_048
HEAD_RATES = (0.00003, 0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03)
LARGEST_BATCH = 4_096
PRECISIONS = {"auto": "automatic", "fp32": "32 bit", "bf16": "16 bit (bf16)", "fp16": "16 bit (fp16)"}
FITTED = "fitted"  # in place of a rate, where the head alone learns
SCHEDULES = {"constant": "as it is", "cosine": "falls in a curve", "linear": "falls evenly"}


def show_main_settings(plan: Plan, phase: int, card: BackboneCard) -> None:
    """Epochs, the head's rate in the phase that the picture shows, the photo size."""
    epochs, rate, size = st.columns(3)
    if is_simple(plan.head.kind):
        epochs.caption(f"{SIMPLE_HEADS[plan.head.kind].title}: computed at once from all photos, in one epoch.")
    else:
        _show_pace(plan, phase, epochs, rate)
    sizes = with_value(image_sizes_for(card), plan.image_size)
    if len(sizes) > 1:
        size.select_slider(
            "Photo size",
            sizes,
            help=GLOSSARY["image size"],
            **plan_widget("image_size", plan.image_size, _field("image_size")),
        )
    else:
        size.caption(f"Photo size: {plan.image_size} pixels, the only one that {escape_markdown(card.title)} takes.")


def _show_pace(plan: Plan, phase: int, epochs: Any, rate: Any) -> None:
    """How long it learns, and how fast the head."""
    most = max(USUAL_EPOCHS, plan.epochs)
    epochs.slider(
        "Epochs", len(plan.phases), most, help=GLOSSARY["epochs"], **plan_widget("epochs", plan.epochs, set_epochs)
    )
    head_rate = FITTED if fits_heads(plan, plan.phases[phase]) else plan.phases[phase].head_rate
    rates: list[float | str] = [FITTED] if can_fit_heads(plan, plan.phases[phase]) else []
    rates += with_value(HEAD_RATES, plan.phases[phase].head_rate)
    rate.select_slider(
        "Rate of the head", rates, format_func=_rate_in_words,
        help=GLOSSARY["head rate"], **plan_widget("head_rate", head_rate, partial(_set_head_rate, phase)),
    )  # fmt: skip


def _rate_in_words(rate: float | str) -> str:
    return rate if isinstance(rate, str) else f"{rate:g}"


def _set_head_rate(phase: int, plan: Plan, rate: float | str) -> Plan:
    return set_phase(plan, phase, solver="lbfgs") if isinstance(rate, str) else set_head_rate(plan, rate, phase)


def show_everything_else(plan: Plan, phase: int, dataset: Dataset, card: BackboneCard) -> None:
    """What an expert may want to set, in groups. Every one of them has a default that works."""
    several = len(plan.phases) > 1
    with st.container(key="card_expert"):
        st.header("Everything else")
        with _group(f"Phase {phase + 1}: {plan.phases[phase].name}" if several else "Time"):
            _phase_settings(plan, phase)
        if not card.fixed_size or plan.phases[phase].start_image_size:
            with _group("Photos"):
                _photo_settings(plan, phase, card)
        with _group("Steps"):
            _optimizer_settings(plan)
            _calming_settings(plan)
        with _group("Loss"):
            _loss_settings(plan)
        with _group("Teacher"):
            show_teacher_settings(plan, dataset)
        with _group("This computer"):
            _machine_settings(plan)


@contextmanager
def _group(title: str) -> Iterator[None]:
    st.subheader(escape_markdown(title), anchor=False)
    with part_of_page(title):
        yield


def _phase_settings(plan: Plan, number: int) -> None:
    phase = plan.phases[number]
    several = len(plan.phases) > 1
    a, b, c = st.columns(3)
    a.number_input(
        f"Epochs of phase {number + 1}" if several else "Epochs, exactly", 1, 10_000, help=GLOSSARY["epochs"],
        **plan_widget("phase_epochs", phase.epochs, lambda plan, n: set_phase(plan, number, epochs=n)),
    )  # fmt: skip
    b.selectbox(
        "Learning rate over time", list(SCHEDULES), format_func=SCHEDULES.__getitem__, help=GLOSSARY["schedule"],
        **plan_widget("schedule", phase.schedule, lambda plan, kind: set_phase(plan, number, schedule=kind)),
    )  # fmt: skip
    c.number_input(
        "Warm-up, in epochs", 0.0, float(max(phase.epochs, phase.warmup_epochs)), step=0.25, help=GLOSSARY["warm-up"],
        **plan_widget("warmup", phase.warmup_epochs, lambda plan, n: set_phase(plan, number, warmup_epochs=n)),
    )  # fmt: skip


def _photo_settings(plan: Plan, number: int, card: BackboneCard) -> None:
    """The photo size, any that the network takes, and from which one photos grow. That only where it means something:
    every stage learns, and the network takes smaller photos; or where it is set."""
    phase, step = plan.phases[number], image_size_multiple(card)
    begins = min(phase.start_image_size or plan.image_size, plan.image_size)
    size, start, _ = st.columns(3)

    def to_multiple(side: int) -> int:
        return max(step, round(side / step) * step)

    def start_from(plan: Plan, side: int) -> Plan:
        return set_phase(plan, number, start_image_size=side if side < plan.image_size else None)

    if len(image_sizes_for(card)) > 1:
        size.number_input(
            "Photo size, exactly", min(SMALLEST_PHOTO, plan.image_size), LARGEST_PHOTO, step=step,
            help=f"{GLOSSARY['image size']} It is brought to a multiple of {step}.",
            **plan_widget("exact_size", plan.image_size, lambda plan, side: _with(plan, image_size=to_multiple(side))),
        )  # fmt: skip
    takes_smaller = not (card.fixed_size or card.one_built_size) and plan.image_size > max(SMALLEST_PHOTO, step)
    if begins < plan.image_size or (phase.first_trainable_stage == 0 and takes_smaller):
        start.number_input(
            f"Photos grow from, {plan.image_size} is off", min(SMALLEST_PHOTO, begins), plan.image_size, step=step,
            help=GLOSSARY["progressive resizing"],
            **plan_widget("start_image_size", begins, lambda plan, side: start_from(plan, to_multiple(side))),
        )  # fmt: skip


def _optimizer_settings(plan: Plan) -> None:
    a, b, c = st.columns(3)
    a.selectbox(
        "Optimizer", ["adamw", "sgd"], format_func={"adamw": "AdamW", "sgd": "SGD"}.__getitem__,
        help=GLOSSARY["optimizer"],
        **plan_widget("optimizer", plan.optimizer.kind, lambda plan, kind: set_optimizer(plan, kind=kind)),
    )  # fmt: skip
    b.number_input(
        "Weight decay", 0.0, 10.0, step=0.01, format="%g", help=GLOSSARY["weight decay"],
        **plan_widget("decay", plan.optimizer.weight_decay, lambda plan, n: set_optimizer(plan, weight_decay=n)),
    )  # fmt: skip
    c.number_input(
        "Photos in a batch", 1, max(LARGEST_BATCH, plan.batch_size), help=GLOSSARY["batch size"],
        **plan_widget("batch", plan.batch_size, _field("batch_size")),
    )  # fmt: skip


def _calming_settings(plan: Plan) -> None:
    """What keeps single steps from mattering too much."""
    a, b, c = st.columns(3)
    a.number_input(
        "Longest gradient, 0 is off", 0.0, step=0.5, format="%g", help=GLOSSARY["gradient clipping"],
        **plan_widget("clip", plan.optimizer.clip_norm or 0.0, lambda p, n: set_optimizer(p, clip_norm=n or None)),
    )  # fmt: skip
    b.number_input(
        "Average weights, 0 is off", 0.0, max(0.99999, plan.optimizer.ema_decay), step=0.001, format="%g",
        help=GLOSSARY["ema decay"],
        **plan_widget("ema_decay", plan.optimizer.ema_decay, lambda plan, n: set_optimizer(plan, ema_decay=n)),
    )  # fmt: skip
    stopping = plan.early_stopping
    c.number_input(
        "Early stop, epochs", 0, 10_000, help=GLOSSARY["early stopping"],
        **plan_widget("patience", stopping.patience if stopping else 0, set_early_stopping),
    )  # fmt: skip


def _loss_settings(plan: Plan) -> None:
    columns = columns_in_rows(3)
    next(columns).number_input(
        "Dropout before the head", 0.0, max(0.9, plan.head.dropout), step=0.05, format="%g", help=GLOSSARY["dropout"],
        **plan_widget("dropout", plan.head.dropout, _set_dropout),
    )  # fmt: skip
    for objective in plan.objectives:
        if not objective.needs & {"teacher", "target_batch", "initial_weights"}:  # these have their own places
            show_objective(columns, plan, objective.kind)


def _set_dropout(plan: Plan, share: float) -> Plan:
    return _with(plan, head=plan.head.model_copy(update={"dropout": share}))


def _machine_settings(plan: Plan) -> None:
    a, b, c = st.columns(3)
    a.number_input("Seed", 0, 2**31 - 1, help=GLOSSARY["seed"], **plan_widget("seed", plan.seed, _field("seed")))
    names = {"auto": "automatic", **{device.name: device.description for device in devices()}}
    b.selectbox(
        "Computes on", list(dict.fromkeys([*names, plan.device])), format_func=lambda d: names.get(d, d),
        help=GLOSSARY["device"], **plan_widget("device", plan.device, _field("device")),
    )  # fmt: skip
    c.selectbox(
        "Precision", list(PRECISIONS), format_func=PRECISIONS.__getitem__, help=GLOSSARY["precision"],
        **plan_widget("precision", plan.precision, _field("precision")),
    )  # fmt: skip
    a.toggle(
        "Repeatable", help=GLOSSARY["repeatable"],
        **plan_widget("repeatable", plan.repeatable, _field("repeatable")),
    )  # fmt: skip


def _field(name: str) -> Any:
    return lambda plan, value: _with(plan, **{name: value})


def _with(plan: Plan, **changes: Any) -> Plan:
    return plan.model_copy(update=changes)
