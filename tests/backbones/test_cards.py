"""Cards, the gallery, and finding a backbone by words."""

import pytest
from timm.models import get_pretrained_cfg, is_model_pretrained

from core.backbones import get_card, image_sizes_for, list_gallery, search_backbones, smaller_available
from core.backbones.curated import CURATED
from core.backbones.facts import facts, facts_of
from core.backbones.stages import describe_stages
from core.errors import NotFound


def test_the_gallery_begins_with_what_is_always_here_and_goes_from_small_to_large():
    cards = list_gallery()
    hub = [c for c in cards if c.source == "hub"]
    assert [c.source for c in cards[:4]] == ["package", "package", "package", "starter"]
    assert len(hub) == len(CURATED)
    assert [c.parameters for c in hub] == sorted(c.parameters for c in hub)
    assert {c.size for c in hub} == {"small", "medium", "large"}
    assert len({c.family for c in hub}) >= 10


@pytest.mark.parametrize("name", [c.name for c in CURATED])
def test_a_gallery_card_is_complete_and_says_what_timm_says(name: str):
    shown, config = get_card(name), get_pretrained_cfg(name)
    assert is_model_pretrained(name)
    assert shown.sentence.endswith(".")
    assert shown.sentence.count(". ") == 0
    assert shown.licence not in ("", "unknown")
    assert (shown.mean, shown.std, shown.interpolation) == (config.mean, config.std, config.interpolation)
    assert shown.gmacs > 0
    assert shown.weights_bytes >= 4 * shown.parameters
    assert shown.input_size in image_sizes_for(shown)
    assert shown.gallery


def test_a_card_counts_what_its_stages_count():
    for name in ("resnet18.tv_in1k", "vit_tiny_patch16_224.augreg_in21k_ft_in1k", "mobilenetv3_small_100.lamb_in1k"):
        assert get_card(name).parameters == sum(stage.parameters for stage in describe_stages(name))


def test_accuracy_is_the_one_of_timms_table_at_the_size_of_the_weights():
    assert get_card("resnet50.tv_in1k").accuracy == 76.156
    assert get_card("convnext_tiny.in12k_ft_in1k").accuracy == 84.192  # 84.448 at 288 pixels
    assert get_card("vit_base_patch14_dinov2.lvd142m").accuracy is None


def test_work_is_counted_as_the_literature_counts_it():
    assert get_card("resnet50.tv_in1k").gmacs == pytest.approx(4.1, abs=0.05)
    assert get_card("vit_base_patch16_224.augreg2_in21k_ft_in1k").gmacs == pytest.approx(17.6, abs=0.1)
    assert get_card("mobilenetv3_large_100.ra_in1k").gmacs == pytest.approx(0.22, abs=0.02)


def test_a_name_without_a_tag_means_the_usual_weights():
    assert get_card("resnet18").name == "resnet18.a1_in1k"
    assert get_card("test_vit").architecture == "test_vit"


@pytest.mark.parametrize("name", ["resent18", "resnet18.nonsense", "Resnet18", "graft-resnet10"])
def test_an_unknown_name_is_answered_with_near_ones(name: str):
    with pytest.raises(NotFound, match=f'no pretrained backbone "{name}".*Did you mean .*resnet1[08]'):
        get_card(name)


def test_sizes_are_multiples_of_a_transformers_patch():
    eva = get_card("eva02_small_patch14_336.mim_in22k_ft_in1k")
    assert all(side % 14 == 0 for side in image_sizes_for(eva))
    assert image_sizes_for(get_card("graft-resnet10t")) == (64, 96, 128, 160)


def test_a_backbone_of_one_size_offers_that_size_only():
    crossvit = get_card("crossvit_tiny_240.in1k")
    assert crossvit.fixed_size
    assert image_sizes_for(crossvit) == (240,)


@pytest.mark.parametrize("name", ["test_vit.r160_in1k", "convnext_nano.in12k"])  # 1,000 classes, and 11,821
def test_a_model_newer_than_the_table_is_counted_on_the_spot(name: str, monkeypatch: pytest.MonkeyPatch):
    known = facts_of(name)
    monkeypatch.delitem(facts(), name)
    facts_of.cache_clear()
    counted = facts_of(name)
    facts_of.cache_clear()
    assert (counted.parameters, counted.file_parameters, counted.step) == (
        known.parameters,
        known.file_parameters,
        known.step,
    )


@pytest.mark.parametrize(
    ("words", "first"),
    [
        ("resnet 50", "resnet50"),
        ("ResNet-50", "resnet50"),
        ("efficentnet b0", "efficientnet_b0"),
        ("mobilnetv4 small", "mobilenetv4_conv_small"),
        ("convnxt tiny", "convnext_tiny"),
        ("dinov3", "vit_small_patch16_dinov3"),
        ("swin", "swin_tiny_patch4_window7_224"),
        ("graft", "resnet10t"),
        ("vit_large_patch16_224.augreg_in21k", "vit_large_patch16_224"),
    ],
)
def test_the_first_hit_is_the_one_that_was_meant(words: str, first: str):
    assert search_backbones(words)[0].architecture == first


def test_every_word_of_a_search_must_fit():
    assert all("clip" in hit.name and "base" in hit.name for hit in search_backbones("clip base"))
    assert search_backbones("quetzalcoatl") == ()


def test_no_words_give_the_gallery():
    assert search_backbones("  ") == list_gallery()


def test_a_search_over_all_of_timm_forgives_a_slip_and_shows_figures():
    hits = search_backbones("mobilenett", limit=50)
    assert len(hits) == 50
    assert all(hit.parameters > 0 and hit.licence for hit in hits)


def test_the_table_covers_nearly_all_of_timm():
    assert len(facts()) > 1_500
    assert sum(known.top1 is not None for known in facts().values()) > 1_000


def test_where_the_gallery_works_at_another_size_it_says_the_work_at_that_size():
    dino = get_card("vit_base_patch14_dinov2.lvd142m")
    assert (dino.input_size, dino.gmacs) == (224, 23.16)
    assert all(bool(chosen.input_size) == bool(chosen.gmacs) for chosen in CURATED)


def test_what_is_offered_as_smaller_is_here_and_at_most_half_as_large(home, monkeypatch):
    large = get_card("resnet18")
    assert 2 * smaller_available(home, large).parameters <= large.parameters
    monkeypatch.setattr("core.backbones.cards.weights_present", lambda *_: False)
    assert smaller_available(home, large) is None


@pytest.mark.parametrize(
    ("name", "use"),
    [
        ("efficientnet-lite0", "free"),
        ("resnet50.tv_in1k", "free"),
        ("graft-resnet10t", "no"),
        ("convnextv2_tiny.fcmae_ft_in22k_in1k", "no"),
        ("vit_small_patch16_dinov3.lvd1689m", "own terms"),
        ("fastvit_sa12.apple_dist_in1k", "own terms"),
    ],
)
def test_a_card_says_whether_companies_may_use_it(name: str, use: str):
    assert get_card(name).commercial_use == use
