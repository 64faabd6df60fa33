"""The chosen backbones: all sizes and families, each with a sentence for who does not know the field.

Among several weights of one network those were taken that suit transfer: trained on more than ImageNet's 1,000
classes where there are such, and the plain recipe for the ResNets, because label smoothing and mixed photos raise
ImageNet accuracy but lower what frozen features are worth (Kornblith et al. 2019, arXiv 1805.08974, section 4.2).
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class CuratedBackbone:
    """One entry. input_size, and gmacs with it, only where it works well at a smaller side than it was trained at."""

    name: str
    title: str
    sentence: str
    input_size: int | None = None
    gmacs: float | None = None


CURATED: tuple[CuratedBackbone, ...] = (
    CuratedBackbone(
        "mobilenetv4_conv_small.e2400_r224_in1k",
        "MobileNetV4 small",
        "Made for phones: very quick on any computer, and good enough for many sets of photos.",
    ),
    CuratedBackbone(
        "mobilenetv3_small_100.lamb_in1k",
        "MobileNetV3 small",
        "The quickest here: for old computers, and for a first look at whether an idea works.",
    ),
    CuratedBackbone(
        "mobilenetv3_large_100.miil_in21k_ft_in1k",
        "MobileNetV3 large",
        "Still a phone's network, but it saw eleven thousand kinds of things; much skill for little waiting.",
    ),
    CuratedBackbone(
        "efficientnet_b0.ra_in1k",
        "EfficientNet B0",
        "Width, depth and photo size balanced by search; a well-known compromise between speed and skill.",
    ),
    CuratedBackbone(
        "resnet18.tv_in1k",
        "ResNet-18",
        "The small classic: simple, quick, and what most lessons and papers begin with.",
    ),
    CuratedBackbone(
        "convnext_atto.d2_in1k",
        "ConvNeXt atto",
        "The smallest of a modern family without attention; calm to train and easy on the computer.",
    ),
    CuratedBackbone(
        "vit_tiny_patch16_224.augreg_in21k_ft_in1k",
        "Vision Transformer tiny",
        "Cuts the photo into squares and lets each look at all others; the smallest of its kind.",
    ),
    CuratedBackbone(
        "densenet121.ra_in1k",
        "DenseNet-121",
        "Every layer sees all layers before it; often used for X-rays and microscope pictures.",
    ),
    CuratedBackbone(
        "tiny_vit_5m_224.dist_in22k_ft_in1k",
        "TinyViT 5M",
        "Taught by a huge network on 22,000 kinds of things; the most skill of the small ones.",
    ),
    CuratedBackbone(
        "eva02_tiny_patch14_336.mim_in22k_ft_in1k",
        "EVA-02 tiny",
        "A small transformer trained to repeat what a giant one sees; skilled at 336 pixels, and slow for its size.",
    ),
    CuratedBackbone(
        "efficientvit_b1.r224_in1k",
        "EfficientViT B1",
        "Sees near things by convolution and far ones by a cheap kind of attention; quick on any computer.",
    ),
    CuratedBackbone(
        "mobilenetv4_conv_medium.e500_r256_in1k",
        "MobileNetV4 medium",
        "The phone's network with more room: close to ResNet-50 in skill at a third of its work.",
    ),
    CuratedBackbone(
        "mobilenetv4_hybrid_medium.ix_e550_r256_in1k",
        "MobileNetV4 hybrid",
        "Mixes the quick layers of a phone's network with a few that look at the whole photo at once.",
    ),
    CuratedBackbone(
        "fastvit_sa12.apple_dist_in1k",
        "FastViT SA12",
        "Plain layers first, attention last; taught by a larger network, quick for its skill.",
    ),
    CuratedBackbone(
        "regnety_016.tv2_in1k",
        "RegNetY 1.6",
        "A family found by studying thousands of networks; steady on many kinds of photos.",
    ),
    CuratedBackbone(
        "resnet34.tv_in1k",
        "ResNet-34",
        "ResNet-18 made twice as deep; a safe choice when 18 is not quite enough.",
    ),
    CuratedBackbone(
        "resnet50.tv_in1k",
        "ResNet-50",
        "The yardstick of the field; whatever you read about transfer learning was probably tried on it.",
    ),
    CuratedBackbone(
        "resnext50_32x4d.tv_in1k",
        "ResNeXt-50",
        "ResNet-50 with its layers split into 32 lanes; a little more skill for the same size.",
    ),
    CuratedBackbone(
        "convnext_tiny.in12k_ft_in1k",
        "ConvNeXt tiny",
        "A strong all-rounder that saw twelve thousand kinds of things; often the best choice on a good computer.",
    ),
    CuratedBackbone(
        "convnextv2_tiny.fcmae_ft_in22k_in1k",
        "ConvNeXt V2 tiny",
        "First learned to fill in hidden parts of photos, then to name them; sees fine structure well.",
    ),
    CuratedBackbone(
        "vit_small_patch16_224.augreg_in21k_ft_in1k",
        "Vision Transformer small",
        "The middle Vision Transformer, trained on fourteen million photos; its features transfer widely.",
    ),
    CuratedBackbone(
        "vit_small_patch14_dinov2.lvd142m",
        "DINOv2 small",
        "Learned from 142 million photos without labels; frozen features that suit few photos, free for everybody.",
        input_size=224,
        gmacs=5.5,
    ),
    CuratedBackbone(
        "convnext_tiny.dinov3_lvd1689m",
        "ConvNeXt tiny, DINOv3",
        "DINOv3's knowledge in a network without attention: takes photos of any size, and is easy to fine-tune.",
    ),
    CuratedBackbone(
        "vit_small_patch16_dinov3.lvd1689m",
        "DINOv3 small",
        "Learned from 1.7 billion photos without a single label; frozen features that fit almost anything.",
        input_size=224,
        gmacs=4.7,
    ),
    CuratedBackbone(
        "swin_tiny_patch4_window7_224.ms_in1k",
        "Swin tiny",
        "A transformer that looks through small windows which shift from layer to layer; good with details.",
    ),
    CuratedBackbone(
        "tiny_vit_21m_224.dist_in22k_ft_in1k",
        "TinyViT 21M",
        "Taught by a huge network on 22,000 kinds of things; the most skill of this size.",
    ),
    CuratedBackbone(
        "tf_efficientnetv2_s.in21k_ft_in1k",
        "EfficientNetV2 small",
        "Quicker to train than the first EfficientNets, and it saw 21,000 kinds of things; likes larger photos.",
    ),
    CuratedBackbone(
        "maxvit_tiny_tf_224.in1k",
        "MaxViT tiny",
        "Looks near and far in turn, in every layer; skilled but slow.",
    ),
    CuratedBackbone(
        "eva02_small_patch14_336.mim_in22k_ft_in1k",
        "EVA-02 small",
        "A transformer trained to repeat what a giant one sees; very skilled at 336 pixels, and slow.",
    ),
    CuratedBackbone(
        "convnext_base.fb_in22k_ft_in1k",
        "ConvNeXt base",
        "The large all-rounder; wants a graphics card or patience.",
    ),
    CuratedBackbone(
        "vit_base_patch16_224.augreg2_in21k_ft_in1k",
        "Vision Transformer base",
        "The Vision Transformer that papers compare with; wants a graphics card.",
    ),
    CuratedBackbone(
        "vit_base_patch14_dinov2.lvd142m",
        "DINOv2 base",
        "Learned from 142 million photos without labels; its frozen features are hard to beat with few photos.",
        input_size=224,
        gmacs=23.16,
    ),
    CuratedBackbone(
        "vit_base_patch16_clip_224.openai",
        "CLIP base",
        "Learned from 400 million photos with their captions; at home with drawings and screenshots, too.",
    ),
    CuratedBackbone(
        "vit_base_patch16_siglip_224.v2_webli",
        "SigLIP 2 base",
        "Learned from billions of photos with captions in many languages; broad knowledge of the world.",
    ),
    CuratedBackbone(
        "beitv2_base_patch16_224.in1k_ft_in22k_in1k",
        "BEiT v2 base",
        "Learned to fill in hidden squares as words of a picture language; the most accurate here at 224 pixels.",
    ),
)
