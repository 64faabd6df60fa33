"""How long, how fast, on what pixels: the settings everyone sees, and behind one switch all the others."""

from typing import Any

import streamlit as st

from core.backbones import BackboneCard, sizes_for, step_of
from core.datasets import Dataset
from core.device import devices
from core.plans import EarlyStopping, Phase, Plan, set_epochs, set_head_rate
from dashboard.glossary import GLOSSARY
from dashboard.plan.distillation import show_teacher_settings
from dashboard.plan.widgets import shows, with_value
from dashboard.shared.texts import escape_markdown

USUAL_EPOCHS = 50
SMALLEST_PHOTO = 32
HEAD_RATES = (0.00003, 0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03)
BATCHES = (4, 8, 16, 32, 64, 128, 256)
AVERAGES = (0.0, 0.9, 0.99, 0.995, 0.999, 0.9995)
PRECISIONS = {"auto": "automatic", "fp32": "32 bit", "bf16": "16 bit (bf16)", "fp16": "16 bit (fp16)"}
SCHEDULES = {"constant": "as it is", "cosine": "falls in a curve", "linear": "falls evenly"}


def show_main_settings(plan: Plan, phase: int, card: BackboneCard) -> None:
    """Epochs, the head's rate in the phase that the picture shows, the photo size."""
    epochs, rate, size = st.columns(3)
    most = max(USUAL_EPOCHS, plan.epochs)
    epochs.slider("Epochs", len(plan.phases), most, help=GLOSSARY["epochs"], **shows("epochs", plan.epochs, set_epochs))
    head_rate = plan.phases[phase].head_rate
    rate.select_slider(
        "Rate of the head", with_value(HEAD_RATES, head_rate), format_func="{:g}".format, help=GLOSSARY["head rate"],
        **shows("head_rate", head_rate, lambda plan, rate: set_head_rate(plan, rate, phase)),
    )  # fmt: skip
    sizes = with_value(sizes_for(card), plan.image_size)
    if len(sizes) > 1:
        size.select_slider(
            "Photo size",
            sizes,
            help=GLOSSARY["image size"],
            **shows("image_size", plan.image_size, _field("image_size")),
        )
    else:
        size.caption(f"Photo size: {plan.image_size} pixels, the only one that {escape_markdown(card.title)} takes.")


def show_tasks(plan: Plan, dataset: Dataset) -> None:
    """Which label columns it learns; several at once is multi-task learning."""
    if len(dataset.tasks) < 2:
        return
    st.pills(
        "What it learns to tell",
        [task.name for task in dataset.tasks],
        format_func=escape_markdown,
        selection_mode="multi",
        help=GLOSSARY["label column"],
        **shows("tasks", list(plan.tasks), lambda plan, names: _with(plan, tasks=tuple(names)) if names else plan),
    )


def show_everything_else(plan: Plan, phase: int, dataset: Dataset, card: BackboneCard) -> None:
    """What an expert may want to set. Every one of them has a default that works."""
    with st.container(key="card_expert"):
        st.subheader("Everything else")
        _phase_settings(plan, phase)
        _growing_settings(plan, phase, card)
        _optimiser_settings(plan)
        _calming_settings(plan)
        _loss_settings(plan)
        show_teacher_settings(plan, dataset)
        _machine_settings(plan)


def _phase_settings(plan: Plan, number: int) -> None:
    phase = plan.phases[number]
    several = len(plan.phases) > 1
    a, b, c = st.columns(3)
    a.number_input(
        f"Epochs of phase {number + 1}" if several else "Epochs, exactly", 1, 10_000, help=GLOSSARY["epochs"],
        **shows("phase_epochs", phase.epochs, lambda plan, n: _with_phase(plan, number, epochs=n)),
    )  # fmt: skip
    b.selectbox(
        "Learning rate over time", list(SCHEDULES), format_func=SCHEDULES.__getitem__, help=GLOSSARY["schedule"],
        **shows("schedule", phase.schedule, lambda plan, kind: _with_phase(plan, number, schedule=kind)),
    )  # fmt: skip
    c.number_input(
        "Warm-up, in epochs", 0.0, float(max(phase.epochs, phase.warmup_epochs)), step=0.25, help=GLOSSARY["warm-up"],
        **shows("warmup", phase.warmup_epochs, lambda plan, n: _with_phase(plan, number, warmup_epochs=n)),
    )  # fmt: skip


def _growing_settings(plan: Plan, number: int, card: BackboneCard) -> None:
    """Only where they mean something: every stage learns, and the network takes smaller photos; or where it is set."""
    phase, step = plan.phases[number], step_of(card)
    sizes = [size for size in range(step, plan.image_size, step) if size >= SMALLEST_PHOTO]
    begins = min(phase.start_image_size or plan.image_size, plan.image_size)
    possible = phase.first_trainable_stage == 0 and not (card.fixed_size or card.one_built_size) and sizes
    if begins == plan.image_size and not possible:
        return
    st.columns(3)[0].select_slider(
        "Photos grow from", with_value((*sizes, plan.image_size), begins),
        format_func=lambda side: f"{side} px" if side < plan.image_size else "no, they stay",
        help=GLOSSARY["growing photos"],
        **shows("start_image_size", begins, lambda p, side: _with_phase(p, number, start_image_size=_smaller(p, side))),
    )  # fmt: skip


def _smaller(plan: Plan, side: int) -> int | None:
    return side if side < plan.image_size else None


def _optimiser_settings(plan: Plan) -> None:
    a, b, c = st.columns(3)
    a.selectbox(
        "Optimizer", ["adamw", "sgd"], format_func={"adamw": "AdamW", "sgd": "SGD"}.__getitem__,
        help=GLOSSARY["optimizer"], **shows("optimizer", plan.optimizer.kind, lambda p, kind: _optimiser(p, kind=kind)),
    )  # fmt: skip
    b.number_input(
        "Weight decay", 0.0, 10.0, step=0.01, format="%g", help=GLOSSARY["weight decay"],
        **shows("decay", plan.optimizer.weight_decay, lambda plan, n: _optimiser(plan, weight_decay=n)),
    )  # fmt: skip
    c.select_slider(
        "Photos in a batch", with_value(BATCHES, plan.batch_size), help=GLOSSARY["batch size"],
        **shows("batch", plan.batch_size, _field("batch_size")),
    )  # fmt: skip


def _calming_settings(plan: Plan) -> None:
    """What keeps single steps from mattering too much."""
    a, b, c = st.columns(3)
    a.number_input(
        "Longest gradient, 0 is off", 0.0, step=0.5, format="%g", help=GLOSSARY["gradient clipping"],
        **shows("clip", plan.optimizer.clip_norm or 0.0, lambda plan, n: _optimiser(plan, clip_norm=n or None)),
    )  # fmt: skip
    b.select_slider(
        "Average of the weights", with_value(AVERAGES, plan.optimizer.ema_decay), format_func=_average_in_words,
        help=GLOSSARY["ema decay"],
        **shows("ema_decay", plan.optimizer.ema_decay, lambda plan, n: _optimiser(plan, ema_decay=n)),
    )  # fmt: skip
    stopping = plan.early_stopping
    c.number_input(
        "Early stop, epochs", 0, 10_000, help=GLOSSARY["early stopping"],
        **shows("patience", stopping.patience if stopping else 0, _stop_early),
    )  # fmt: skip


def _average_in_words(decay: float) -> str:
    return f"{decay:g}" if decay else "off"


def _loss_settings(plan: Plan) -> None:
    a, b, c = st.columns(3)
    a.slider(
        "Dropout before the head", 0.0, max(0.9, plan.head.dropout), step=0.05, help=GLOSSARY["dropout"],
        **shows("dropout", plan.head.dropout, lambda p, n: _with(p, head=p.head.model_copy(update={"dropout": n}))),
    )  # fmt: skip
    b.slider(
        "Label smoothing", 0.0, max(0.5, plan.objectives[0].label_smoothing), step=0.05,
        help=GLOSSARY["label smoothing"],
        **shows("smoothing", plan.objectives[0].label_smoothing, lambda p, n: _objective(p, label_smoothing=n)),
    )  # fmt: skip
    c.toggle(
        "Balance rare classes", help=GLOSSARY["balance classes"],
        **shows("balance", plan.objectives[0].balance_classes, lambda p, on: _objective(p, balance_classes=on)),
    )  # fmt: skip


def _machine_settings(plan: Plan) -> None:
    a, b, c = st.columns(3)
    a.number_input("Seed", 0, 2**31 - 1, help=GLOSSARY["seed"], **shows("seed", plan.seed, _field("seed")))
    names = {"auto": "automatic", **{device.name: device.description for device in devices()}}
    b.selectbox(
        "Computes on", list(dict.fromkeys([*names, plan.device])), format_func=lambda d: names.get(d, d),
        help=GLOSSARY["device"], **shows("device", plan.device, _field("device")),
    )  # fmt: skip
    c.selectbox(
        "Precision", list(PRECISIONS), format_func=PRECISIONS.__getitem__, help=GLOSSARY["precision"],
        **shows("precision", plan.precision, _field("precision")),
    )  # fmt: skip


def _field(name: str) -> Any:
    return lambda plan, value: _with(plan, **{name: value})


def _with(plan: Plan, **changes: Any) -> Plan:
    return plan.model_copy(update=changes)


def _with_phase(plan: Plan, number: int, **changes: Any) -> Plan:
    changed: list[Phase] = list(plan.phases)
    changed[number] = changed[number].model_copy(update=changes)
    return _with(plan, phases=tuple(changed))


def _optimiser(plan: Plan, **changes: Any) -> Plan:
    return _with(plan, optimizer=plan.optimizer.model_copy(update=changes))


def _objective(plan: Plan, **changes: Any) -> Plan:
    """The first objective is the one that tells classes apart."""
    return _with(plan, objectives=(plan.objectives[0].model_copy(update=changes), *plan.objectives[1:]))


def _stop_early(plan: Plan, patience: int) -> Plan:
    return _with(plan, early_stopping=EarlyStopping(patience=patience) if patience else None)
