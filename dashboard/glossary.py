"""One plain sentence on each choice, shown as help beside it and on the page that explains the words.

Where the field has a name of its own for it, the sentence ends with that name, so that a student can look it up.
"""

GLOSSARY: dict[str, str] = {
    # photos
    "split": "Training photos teach, validation photos choose between models, test photos are looked at once, at the "
    "end. Each class is shared out alike. In the field: a stratified split.",
    "split seed": "The number that decides which photo goes where. The same number always gives the same split.",
    "classes": "The names that the model will answer. Each comes from a folder, or from a column of your table.",
    "column roles": "Class: what is to be learned. Group: photos of one thing, which no split parts. Split: which "
    "photos teach, choose and test. One class together: yes/no columns of which exactly one says yes. All else is left "
    "out.",
    "label column": "Your photos have several labels each. Choose which one to look at and to learn.",
    "tasks": "Your photos have several labels each. Choose one, or several that are learned together: they share one "
    "network, which helps where they have to do with each other, and can harm where they do not. In the field: "
    "multi-task learning.",
    "task balance": "Learned together, labels share what the network can hold; this says how much a mistake in each "
    "costs. In the field: task weighting, and where it finds out, uncertainty weighting.",
    "grouping": "Photos that look alike to a pretrained network come together; each is named once for all of them. As "
    "many as stand apart: tried from 2 to 15, judged by the silhouette. In the field: clustering, by k-means or by "
    "HDBSCAN, which finds the number itself; transfer without labels is unsupervised transfer learning.",
    "checks": "What was looked at before training: too few photos, doubles, photos that cannot be read.",
    "version": "Each change makes a new version. A run always names the version that it learned from.",
    # model
    "backbone": "A network that has already learned from very many other photos. You keep what it knows. In the "
    "field: a pretrained model.",
    "parameters": "The numbers inside a network that learning changes. More can know more, and take longer.",
    "compute": "Billions of multiplications for one photo (GMACs): twice as many take about twice as long.",
    "imagenet accuracy": "How often it names the right one of 1,000 classes of ImageNet, as its library measured it. A "
    "rough guide to how well it transfers.",
    "licence": "What you may do with these weights. Apache 2.0, MIT and BSD allow nearly everything, commercial use "
    "included; those with NC do not allow commercial use.",
    "ready": "Its weights are on this computer: it works without a network.",
    # plan
    "recipe": "A tried way of transfer. It fills in what learns, how fast and how photos are changed; all of it can "
    "still be changed.",
    "phase": "A stretch of epochs in which the same stages learn. Some recipes have several, one after the other.",
    "run": "One training, with its curves, its model and its results. Left empty, the name says what it is.",
    "stage": "A part of the network. Early stages see edges and colours, late ones parts and things.",
    "frozen": "A frozen stage stays exactly as it is. Freezing more is quicker and safer with few photos. In the "
    "field: frozen layers.",
    "learning rate": "How big each step of learning is. Too big forgets or jumps about, too small takes for ever.",
    "head rate": "How big the steps of the new head are. It starts from nothing, so it may take bigger ones. All other "
    "rates move along, in every phase. Fitted, a head that learns alone takes no such steps: the best head for all "
    "photos at once is computed, as simple as cross-validation finds it should be. In the field: logistic regression "
    "by L-BFGS.",
    "simple heads": "Ways to tell classes apart by what a frozen network sees, each computed in seconds. By turns a "
    "fifth of the photos is judged by heads that learned from the others, photos of a group always together; that also "
    "chooses C, how far weights may grow, and k, how many neighbours vote. In the field: logistic regression, linear "
    "support vector machine, k nearest neighbours, nearest centroid; compared by cross-validation.",
    "epochs": "How often every training photo is seen.",
    "image size": "Pixels on a side that the network sees. Larger shows more and takes longer.",
    "batch size": "How many photos are looked at before each step. Smaller needs less memory.",
    "batch in parts": "Memory ran out in an earlier run, so a batch is computed in parts of {photos} photos here. What "
    "is learned stays the same. In the field: gradient accumulation.",
    "augmentation": "Training photos are changed a little each time, so that the network learns the thing and not the "
    "one photo. In the field: data augmentation.",
    "augmentation trivial_augment": "One more change of a photo, of another kind each time: bent, shifted, turned, "
    "blurred, fewer colours, a negative. For long training on many photos. In the field: TrivialAugment.",
    "augmentation mixup": "In so many of the batches, each photo is blended with another one, and must be answered "
    "in the same shares. For long training on many photos.",
    "augmentation cutmix": "In so many of the batches, each photo gets a rectangle of another one pasted in, and must "
    "be answered in the same shares. For long training on many photos.",
    "cached views": "How many changed views of each photo the frozen part looks at, to be learned from in turn. Few "
    "are quick; a new one in each epoch is the slowest.",
    "optimizer": "The rule that turns mistakes into steps. AdamW suits nearly everything.",
    "weight decay": "A gentle pull of all numbers towards zero; keeps a network from learning photos by heart.",
    "layer decay": "How much lower the rate of each stage is than that of the one after it. Early stages see edges and "
    "colours, which serve any photo, so they need to change least. It fills in the rates in the picture; any of them "
    "can still be changed. In the field: layer-wise learning rate decay.",
    "rate finder": "Some of the plan's own training steps are taken at a rate that rises with each of them. Where it "
    "is too low nothing happens, where it is too high the loss shoots up; the best one lies in between. It "
    "looks at training photos alone: where few of them free many stages, a lower rate may forget less. Nothing of it "
    "is kept. In the field: learning rate range test.",
    "which part": "Each stage learns alone with the head for a few epochs, from the same fitted head, and validation "
    "photos judge. Photos that look unlike those that the network knows may want an early stage to learn, new kinds of "
    "things a late one. Stop it at any time; what was tried by then is shown. In the field: surgical fine-tuning.",
    "l2-sp": "Holds the stages that learn near the weights that they came with, in place of weight decay. It helps "
    "where few photos teach many free stages, and your photos look much like those that the network knows. In the "
    "field: L2-SP.",
    "balanced sampling": "Each class is drawn alike, however few photos it has. It helps where one class has many "
    "times the photos of another and the rare one matters as much. With few photos the same ones come again and "
    "again. In the field: class-balanced sampling.",
    "soup": "Of so many of the best epochs, the weights are averaged that make the model better on validation photos; "
    "the run says whether any did. It costs next to nothing, and helps most in long training at a rate that "
    "stays high. In the field: a greedy model soup.",
    "stochastic depth": "In each step, parts of the network are left out at random for some of the photos, the last "
    "ones most often. It helps against learning by heart where many stages learn for many epochs; 0.1 is usual. In the "
    "field: stochastic depth, or drop path.",
    "dropout": "Randomly forgets a share of the features in each step, so that the head leans on no single one.",
    "schedule": "How the learning rate changes within a phase: it usually falls, so that the end settles. In the "
    "field: learning rate schedule, with cosine or linear decay.",
    "progressive resizing": "The photos that teach begin small, which is quicker, and reach their full size after "
    "three quarters of the epochs. With few epochs it may learn less by it. Photos that judge are always shown at full "
    "size. In the field: progressive resizing.",
    "warm-up": "Epochs in which the rate rises from nothing to its full size, so that the first steps spoil little.",
    "early stopping": "Ends the run when validation has not improved for this many epochs.",
    "seed": "The number that decides every chance: order, changes to photos, first values. Same seed, same run.",
    "device": "What computes: the processor, or a graphics card, which is many times faster.",
    "precision": "How exactly numbers are kept. Automatic uses half precision where this "
    "machine has it and it is quicker. In the field: mixed precision.",
    "repeatable": "Lets a graphics card add in the same order each time, as far as it can, so that the same plan gives "
    "the same model again. Its steps may take longer, some networks' much longer. A processor's runs are the same to "
    "the last bit either way. In the field: deterministic algorithms.",
    "gradient clipping": "The direction in which a few photos pull is made no longer than this, so that odd ones "
    "cannot throw it off. 1 is usual where it is on.",
    "ema decay": "What is judged and kept is an average over the last steps: of about 100 at 0.99, of 1,000 at 0.999; "
    "calmer, and often a little better in long training. In the field: exponential moving average (EMA).",
    "teacher": "Another model is shown your training photos and says what each looks like to it, and how much. That "
    "is more than a label says, so a small network may learn more from the same photos. In the field: knowledge "
    "distillation.",
    "target": "Photos as the model will meet them, from another camera, light or place. Their labels are not used. In "
    "the field: unsupervised domain adaptation, from the source domain to the target domain.",
    "transfer": "What was learned from other photos is used for yours. In the field: inductive transfer where yours "
    "are labelled, transductive where the labels are in another place, unsupervised where there are none.",
    "find the best": "Give it some minutes: it compares the networks that are here at several photo sizes, then heads, "
    "then whether more of the network should learn. In the field: model selection by successive halving and "
    "cross-validation.",
    "clear answers": "How clear each answer is and how different the answers are from each other, 0 to 1. A model that "
    "copes with photos gives each of them one clear answer, and not the same one to all. In the field: the nuclear "
    "norm of the predictions (BNM).",
    "adaptation method": "What is asked of the network beside your labels, so that it copes with the other photos. In "
    "the field: minimum class confusion, domain-adversarial training (DANN), maximum mean discrepancy (MMD), Deep "
    "CORAL.",
    "adaptive batch norm": "Many networks compare each photo with what photos look like on average. With this they "
    "take the other photos' average in the stages that learn: free, and often of some help there, while figures on "
    "your own photos get a little worse. In the field: adaptive batch normalization (AdaBN).",
    "teacher views": "So many changed views of each photo are made, learned from in turn, and looked at by the teacher "
    "once each, before training. More take longer.",
    # train and results
    "loss": "How wrong the model is, counting how sure it was. Lower is better.",
    "accuracy": "The share of photos that it gets right.",
    "validation": "Photos that the model never learns from; they show how good it really is.",
    "overfitting": "It learns the training photos by heart and gets worse at new ones.",
    "gap": "Validation loss minus training loss. A growing gap means that it fits the training photos alone. In "
    "the field: generalization gap.",
    "margin": "With other photos the figure would differ by about this much, in 95 of 100 cases. In the field: 95 % "
    "confidence interval.",
    "together or alone": "Labels that have to do with each other can teach the network what they share; others take "
    "each other's room. In the field: positive and negative transfer between tasks.",
    "from scratch": "Random weights that learn from your photos alone, as if no network had ever seen anything.",
    "precision of a class": "Of the photos that it called so, how many really were.",
    "recall": "Of the photos that really were, how many it found.",
    "f1": "Precision and recall in one figure; low when either is.",
    "confusion": "Rows are what a photo really is, columns what the model says. Off the diagonal are mistakes. In "
    "the field: confusion matrix.",
    "head": "The new last part, one answer for each of your classes. It starts from nothing, so it learns. In the "
    "field: classification head.",
    "confidence": "How sure the model says it is. It can be sure and wrong, above all about things that it never saw.",
    "test": "Photos kept apart until the end. Look once, when you have chosen: looking often spoils them.",
}

# Shown where the network is chosen. A test compares the figures with what `benchmarks/transfer.py` measured.
TRANSFER_EXAMPLE = (
    "With ten photos of each of ten kinds of clothing, EfficientNet-Lite0 names 69 of 100 others right; the same "
    "network before it had learned anything, 15."
)
# What a network that comes with Graft names right of 100 clothes, taught as in the example above; from the same table.
CLOTHES_RIGHT = {
    "efficientnet-lite0": 69,
    "graft-resnet10t": 51,
    "graft-mobilenetv4-050": 37,
    "graft-efficientvit-b0": 33,
}
