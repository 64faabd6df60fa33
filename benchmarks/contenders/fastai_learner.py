"""fastai's own way: DataBlock, vision_learner, fit. Its defaults, but for what the work fixes."""

from fastai.callback.core import Callback
from fastai.data.block import CategoryBlock, DataBlock
from fastai.data.transforms import IndexSplitter, Normalize
from fastai.vision.augment import Flip, RandomResizedCrop, Resize
from fastai.vision.data import ImageBlock
from fastai.vision.learner import Learner, vision_learner
from safetensors.torch import load_file

from benchmarks.contenders.work import Stopwatch, Times, Work, run_contender

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class Watched(Callback):
    def __init__(self, watch: Stopwatch) -> None:
        super().__init__()
        self.watch = watch

    def before_train(self) -> None:
        self.watch.training_started()

    def after_train(self) -> None:
        self.watch.training_ended()

    def after_epoch(self) -> None:
        self.watch.epoch_ended()


def run(work: Work) -> Times:
    watch = Stopwatch()
    learner = _learner(work)
    learner.fit(work.epochs, work.rate, cbs=[Watched(watch)])
    return watch.times


def _learner(work: Work) -> Learner:
    training, validation = work.examples("training"), work.examples("validation")
    kinds = dict(training + validation)
    size = work.image_size
    block = DataBlock(
        blocks=(ImageBlock, CategoryBlock),
        get_y=lambda name: kinds[name],
        splitter=IndexSplitter(range(len(training), len(training) + len(validation))),
        item_tfms=RandomResizedCrop(size, min_scale=0.7) if work.crop_and_flip else Resize(size),
        batch_tfms=[*([Flip()] if work.crop_and_flip else []), Normalize.from_stats(MEAN, STD)],
    )
    every_photo = [{"drop_last": False}, {}]
    data = block.dataloaders(list(kinds), bs=work.batch_size, dl_kwargs=every_photo)
    learner = vision_learner(data, work.model, pretrained=False, n_out=work.classes, normalize=False)
    body = learner.model[0].model
    body.load_state_dict(load_file(work.weights), strict=False)
    # Its own default would let the batch norms of frozen stages learn, which costs a backward pass through all of the
    # network: here it does the same work as everybody.
    for name, parameter in body.named_parameters():
        parameter.requires_grad_(name not in work.frozen)
    return learner


if __name__ == "__main__":
    run_contender(run)
