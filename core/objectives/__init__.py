"""What training makes small: one file per term of the loss, each with its settings, formula, needs and reports.

A new objective is one file here and one line in `OBJECTIVES`: plans then accept it, training computes it, its reports
become curves, and its settings become controls on the plan page. Importing the room loads no torch.
"""

from core.objectives.batch_output import BatchOutput, DistillationTargets, LearnedWeights, TargetOutput
from core.objectives.coral import Coral
from core.objectives.cross_entropy import CrossEntropy
from core.objectives.dann import Dann
from core.objectives.feature_distillation import FeatureDistillation
from core.objectives.l2_sp import L2Sp
from core.objectives.logit_distillation import LogitDistillation
from core.objectives.loss import (
    Loss,
    ReportPanel,
    make_auxiliary,
    make_loss,
    objective_curves,
    report_panels,
    term_titles,
)
from core.objectives.mcc import MinimumClassConfusion
from core.objectives.mmd import MultiKernelMmd
from core.objectives.objective import Need, Objective, ObjectiveContext, Report, Slider, Term
from core.objectives.task_balance import LOG_VARIANCES

OBJECTIVES: dict[str, type[Objective]] = {
    "cross_entropy": CrossEntropy,
    "logit_distillation": LogitDistillation,
    "feature_distillation": FeatureDistillation,
    "dann": Dann,
    "coral": Coral,
    "mmd": MultiKernelMmd,
    "mcc": MinimumClassConfusion,
    "l2_sp": L2Sp,
}

__all__ = [
    "LOG_VARIANCES",
    "OBJECTIVES",
    "BatchOutput",
    "Coral",
    "CrossEntropy",
    "Dann",
    "DistillationTargets",
    "FeatureDistillation",
    "L2Sp",
    "LearnedWeights",
    "LogitDistillation",
    "Loss",
    "MinimumClassConfusion",
    "MultiKernelMmd",
    "Need",
    "Objective",
    "ObjectiveContext",
    "Report",
    "ReportPanel",
    "Slider",
    "TargetOutput",
    "Term",
    "make_auxiliary",
    "make_loss",
    "objective_curves",
    "report_panels",
    "term_titles",
]
