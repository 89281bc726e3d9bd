"""Convolutional networks of the usual families in PyTorch, written for these trials.

Narrow and shallow, but with every kind of operator their family uses. All take float32
(N, 3, 64, 64) and give (N, labels) logits. After the papers named at each.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional as F  # noqa: N812  as everybody writes it

from bench.zoo.cells import fitted_head

_STEPS = 40
_BATCH = 48
_LEARNING_RATE = 3e-3


def conv_bn(
    before: int, after: int, kernel: int, stride: int = 1, groups: int = 1, act: Any = None
) -> nn.Sequential:
    """Convolution, normalisation and, where given, activation."""
    layers = [
        nn.Conv2d(before, after, kernel, stride, kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(after),
    ]
    return nn.Sequential(*layers, *([act()] if act else []))


class Head(nn.Sequential):
    """Pooling over the picture, and a dense layer."""

    def __init__(self, channels: int, labels: int) -> None:
        super().__init__(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, labels))


class SqueezeExcite(nn.Module):
    """Hu et al. 2018."""

    def __init__(self, channels: int, gate: Any = nn.Sigmoid, act: Any = nn.ReLU) -> None:
        super().__init__()
        self.down, self.act = nn.Conv2d(channels, max(4, channels // 4), 1), act()
        self.up, self.gate = nn.Conv2d(max(4, channels // 4), channels, 1), gate()

    def forward(self, x: Any) -> Any:
        """Scale channels by what the whole picture says."""
        squeezed = x.mean((2, 3), keepdim=True)
        return x * self.gate(self.up(self.act(self.down(squeezed))))


class Residual(nn.Module):
    """A body, and the way around it."""

    def __init__(self, body: nn.Module, around: nn.Module | None = None, act: Any = None) -> None:
        super().__init__()
        self.body, self.around, self.act = body, around, act() if act else None

    def forward(self, x: Any) -> Any:
        """Body and way around, added."""
        y = self.body(x) + (x if self.around is None else self.around(x))
        return y if self.act is None else self.act(y)


def plain(labels: int) -> nn.Module:
    """Convolutions, max pooling, a flattened picture and dense layers (LeNet, VGG)."""
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 16, 3, 2, 1), nn.LeakyReLU(0.1), nn.AvgPool2d(4),
        nn.Flatten(), nn.Linear(64, 32), nn.Tanh(), nn.Dropout(0.2), nn.Linear(32, labels),
    )  # fmt: skip


def mobilenet_v1(labels: int) -> nn.Module:
    """Howard et al. 2017: depthwise and pointwise."""
    body = [conv_bn(3, 8, 3, 2, act=nn.ReLU)]
    for before, after, stride in ((8, 16, 1), (16, 32, 2), (32, 32, 1)):
        body += [conv_bn(before, before, 3, stride, before, nn.ReLU)]
        body += [conv_bn(before, after, 1, act=nn.ReLU)]
    return nn.Sequential(*body, Head(32, labels))


def _inverted(
    before: int, after: int, stride: int, act: Any, excite: Any = None, kernel: int = 3
) -> nn.Module:
    wide = before * 4
    body = [conv_bn(before, wide, 1, act=act), conv_bn(wide, wide, kernel, stride, wide, act)]
    body += [excite(wide)] if excite else []
    whole = nn.Sequential(*body, conv_bn(wide, after, 1))
    return Residual(whole) if before == after and stride == 1 else whole


def _mobile(labels: int, act: Any, excite: Any = None, kernel: int = 3) -> nn.Module:
    return nn.Sequential(
        conv_bn(3, 8, 3, 2, act=act),
        _inverted(8, 12, 2, act, excite),
        _inverted(12, 12, 1, act, excite, kernel),
        _inverted(12, 16, 2, act, excite, kernel),
        _inverted(16, 16, 1, act, excite),
        conv_bn(16, 48, 1, act=act),
        Head(48, labels),
    )


def mobilenet_v2(labels: int) -> nn.Module:
    """Sandler et al. 2018: ReLU6 and linear bottlenecks."""
    return _mobile(labels, nn.ReLU6)


def mobilenet_v3(labels: int) -> nn.Module:
    """Howard et al. 2019: hard-swish, squeeze-excitation with a hard sigmoid."""
    return _mobile(labels, nn.Hardswish, lambda c: SqueezeExcite(c, nn.Hardsigmoid), 5)


class _UniversalBottleneck(nn.Module):
    """Qin et al. 2024 (MobileNetV4): depthwise before and after the expansion."""

    def __init__(self, before: int, after: int, stride: int, first: int, second: int) -> None:
        super().__init__()
        wide = before * 3
        parts = [conv_bn(before, before, first, stride, before)] if first else []
        parts += [conv_bn(before, wide, 1, act=nn.ReLU)]
        if second:
            parts += [conv_bn(wide, wide, second, 1 if first else stride, wide, nn.ReLU)]
        parts += [conv_bn(wide, after, 1)]
        self.body, self.joined = nn.Sequential(*parts), before == after and stride == 1
        self.scale = nn.Parameter(torch.full((after, 1, 1), 0.7))

    def forward(self, x: Any) -> Any:
        """Bottleneck with layer scale."""
        y = self.body(x) * self.scale
        return x + y if self.joined else y


def mobilenet_v4(labels: int) -> nn.Module:
    """Qin et al. 2024, the convolutional one."""
    return nn.Sequential(
        conv_bn(3, 8, 3, 2, act=nn.ReLU),
        conv_bn(8, 16, 3, 2, act=nn.ReLU),
        _UniversalBottleneck(16, 24, 2, 5, 5),
        _UniversalBottleneck(24, 24, 1, 0, 3),
        _UniversalBottleneck(24, 24, 1, 3, 0),
        _UniversalBottleneck(24, 24, 1, 0, 0),
        conv_bn(24, 64, 1, act=nn.ReLU),
        Head(64, labels),
    )


def efficientnet(labels: int) -> nn.Module:
    """Tan and Le 2019: SiLU and squeeze-excitation."""
    return _mobile(labels, nn.SiLU, lambda c: SqueezeExcite(c, act=nn.SiLU), 5)


def efficientnet_lite(labels: int) -> nn.Module:
    """EfficientNet-Lite: ReLU6, no squeeze-excitation."""
    return _mobile(labels, nn.ReLU6, kernel=5)


def _stem(channels: int) -> list[nn.Module]:
    return [conv_bn(3, channels, 7, 2, act=nn.ReLU), nn.MaxPool2d(3, 2, 1)]


def resnet_basic(labels: int) -> nn.Module:
    """He et al. 2016, two convolutions a block."""

    def block(before: int, after: int, stride: int) -> nn.Module:
        body = [conv_bn(before, after, 3, stride, act=nn.ReLU), conv_bn(after, after, 3)]
        around = None if before == after and stride == 1 else conv_bn(before, after, 1, stride)
        return Residual(nn.Sequential(*body), around, nn.ReLU)

    return nn.Sequential(*_stem(8), block(8, 8, 1), block(8, 16, 2), Head(16, labels))


def _bottleneck(before: int, after: int, stride: int, groups: int, excite: bool) -> nn.Module:
    inner = after // 2
    body: list[nn.Module] = [
        conv_bn(before, inner, 1, act=nn.ReLU),
        conv_bn(inner, inner, 3, stride, groups, nn.ReLU),
    ]
    body += [SqueezeExcite(inner)] if excite else []
    around = None if before == after and stride == 1 else conv_bn(before, after, 1, stride)
    return Residual(nn.Sequential(*body, conv_bn(inner, after, 1)), around, nn.ReLU)


def resnet_bottleneck(labels: int) -> nn.Module:
    """He et al. 2016, three convolutions a block."""
    blocks = [_bottleneck(8, 16, 1, 1, False), _bottleneck(16, 32, 2, 1, False)]
    return nn.Sequential(*_stem(8), *blocks, Head(32, labels))


def resnext(labels: int) -> nn.Module:
    """Xie et al. 2017: grouped convolutions."""
    blocks = [_bottleneck(8, 32, 1, 4, False), _bottleneck(32, 32, 1, 4, False)]
    return nn.Sequential(*_stem(8), *blocks, Head(32, labels))


def regnet(labels: int) -> nn.Module:
    """Radosavovic et al. 2020 (RegNetY): groups and squeeze-excitation."""
    blocks = [_bottleneck(8, 32, 2, 2, True), _bottleneck(32, 48, 2, 3, True)]
    return nn.Sequential(conv_bn(3, 8, 3, 2, act=nn.ReLU), *blocks, Head(48, labels))


class _Shuffle(nn.Module):
    """Ma et al. 2018 (ShuffleNet V2): split, one half worked on, channels shuffled."""

    def __init__(self, before: int, after: int, stride: int) -> None:
        super().__init__()
        half, self.stride = after // 2, stride
        inner = half if stride == 1 else before
        self.right = nn.Sequential(
            conv_bn(inner, half, 1, act=nn.ReLU),
            conv_bn(half, half, 3, stride, half),
            conv_bn(half, half, 1, act=nn.ReLU),
        )
        left = [conv_bn(before, before, 3, stride, before), conv_bn(before, half, 1, act=nn.ReLU)]
        self.left = nn.Sequential(*left) if stride > 1 else nn.Identity()

    def forward(self, x: Any) -> Any:
        """Two ways, joined and shuffled."""
        left, right = x.chunk(2, 1) if self.stride == 1 else (x, x)
        y = torch.cat([self.left(left), self.right(right)], 1)
        n, c, h, w = y.shape
        return y.view(n, 2, c // 2, h, w).transpose(1, 2).reshape(n, c, h, w)


def shufflenet_v2(labels: int) -> nn.Module:
    """Ma et al. 2018."""
    blocks = [_Shuffle(8, 16, 2), _Shuffle(16, 16, 1), _Shuffle(16, 32, 2)]
    return nn.Sequential(*_stem(8), *blocks, conv_bn(32, 48, 1, act=nn.ReLU), Head(48, labels))


class _Fire(nn.Module):
    """Iandola et al. 2016: squeezed, then two widths side by side."""

    def __init__(self, before: int, squeezed: int, half: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(before, squeezed, 1)
        self.one, self.three = nn.Conv2d(squeezed, half, 1), nn.Conv2d(squeezed, half, 3, padding=1)

    def forward(self, x: Any) -> Any:
        """Squeeze, expand, join."""
        x = F.relu(self.squeeze(x))
        return torch.cat([F.relu(self.one(x)), F.relu(self.three(x))], 1)


def squeezenet(labels: int) -> nn.Module:
    """Iandola et al. 2016: pooling that rounds its size up, a convolution for a head."""
    return nn.Sequential(
        nn.Conv2d(3, 12, 3, 2), nn.ReLU(), nn.MaxPool2d(3, 2, ceil_mode=True),
        _Fire(12, 4, 12), _Fire(24, 4, 12), nn.MaxPool2d(3, 2, ceil_mode=True), _Fire(24, 6, 16),
        nn.Dropout(0.5), nn.Conv2d(32, labels, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
    )  # fmt: skip


class _Dense(nn.Module):
    """Huang et al. 2017: normalised first, joined to what came before."""

    def __init__(self, before: int, growth: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.BatchNorm2d(before), nn.ReLU(), nn.Conv2d(before, 4 * growth, 1, bias=False),
            nn.BatchNorm2d(4 * growth), nn.ReLU(),
            nn.Conv2d(4 * growth, growth, 3, padding=1, bias=False),
        )  # fmt: skip

    def forward(self, x: Any) -> Any:
        """Features so far, and new ones."""
        return torch.cat([x, self.body(x)], 1)


def densenet(labels: int) -> nn.Module:
    """Huang et al. 2017, with a transition of average pooling."""
    transition = [nn.BatchNorm2d(24), nn.ReLU(), nn.Conv2d(24, 12, 1, bias=False), nn.AvgPool2d(2)]
    blocks = [_Dense(8, 8), _Dense(16, 8), *transition, _Dense(12, 8), _Dense(20, 8)]
    return nn.Sequential(*_stem(8), *blocks, nn.BatchNorm2d(28), nn.ReLU(), Head(28, labels))


class _Ghost(nn.Module):
    """Han et al. 2020: half of the features are cheap ones of the other half."""

    def __init__(self, before: int, after: int, act: Any) -> None:
        super().__init__()
        first = (after + 1) // 2
        self.first = conv_bn(before, first, 1, act=act)
        self.cheap = conv_bn(first, first, 3, groups=first, act=act)
        self.after = after

    def forward(self, x: Any) -> Any:
        """Both halves, cut to size."""
        x = self.first(x)
        return torch.cat([x, self.cheap(x)], 1)[:, : self.after]


def ghostnet(labels: int) -> nn.Module:
    """Han et al. 2020, an odd width among them so that a slice is needed."""

    def block(before: int, after: int, stride: int) -> nn.Module:
        wide = before * 2 + 1
        body = [_Ghost(before, wide, nn.ReLU)]
        down = [conv_bn(wide, wide, 3, stride, wide)] if stride > 1 else []
        whole = nn.Sequential(*body, *down, SqueezeExcite(wide, nn.Hardsigmoid),
                              _Ghost(wide, after, None))  # fmt: skip
        around = nn.Sequential(conv_bn(before, before, 3, stride, before),
                               conv_bn(before, after, 1))  # fmt: skip
        return Residual(whole, None if before == after and stride == 1 else around)

    stem = conv_bn(3, 8, 3, 2, act=nn.ReLU)
    return nn.Sequential(stem, block(8, 8, 1), block(8, 14, 2), block(14, 16, 2), Head(16, labels))


class _NextBlock(nn.Module):
    """Liu et al. 2022 (ConvNeXt): 7 x 7 depthwise, then channels-last dense layers."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(channels, channels, 7, padding=3, groups=channels)
        self.norm = nn.LayerNorm(channels, eps=1e-6)
        self.up, self.down = nn.Linear(channels, 4 * channels), nn.Linear(4 * channels, channels)
        self.scale = nn.Parameter(torch.full((channels,), 0.5))

    def forward(self, x: Any) -> Any:
        """Around and through."""
        y = self.norm(self.depthwise(x).permute(0, 2, 3, 1))
        y = self.scale * self.down(F.gelu(self.up(y)))
        return x + y.permute(0, 3, 1, 2)


class _NextHead(nn.Module):
    def __init__(self, channels: int, labels: int) -> None:
        super().__init__()
        self.norm, self.dense = nn.LayerNorm(channels), nn.Linear(channels, labels)

    def forward(self, x: Any) -> Any:
        """Mean of the picture, normalised."""
        return self.dense(self.norm(x.mean((2, 3))))


def convnext(labels: int) -> nn.Module:
    """Liu et al. 2022: patches of 4 x 4, GELU, layer normalisation."""
    return nn.Sequential(
        nn.Conv2d(3, 12, 4, 4), _NextBlock(12), nn.BatchNorm2d(12), nn.Conv2d(12, 20, 2, 2),
        _NextBlock(20), _NextHead(20, labels),
    )  # fmt: skip


class _Inception(nn.Module):
    """Szegedy et al. 2016: kernels of 1 x n and n x 1, average pooling without its border."""

    def __init__(self, before: int) -> None:
        super().__init__()
        self.first = conv_bn(before, 8, 1, act=nn.ReLU)
        self.across = nn.Conv2d(8, 8, (1, 7), padding=(0, 3))
        self.along = nn.Conv2d(8, 8, (7, 1), padding=(3, 0))
        self.pool = nn.AvgPool2d(3, 1, 1, count_include_pad=False)
        self.pooled = nn.Conv2d(before, 8, 1)

    def forward(self, x: Any) -> Any:
        """Three ways, joined."""
        y = self.first(x)
        return torch.cat(
            [F.relu(self.across(y)), F.relu(self.along(y)), self.pooled(self.pool(x))], 1
        )


def inception(labels: int) -> nn.Module:
    """Szegedy et al. 2016; its first pooling sees negative values."""
    return nn.Sequential(
        nn.Conv2d(3, 12, 3, 2), nn.MaxPool2d(3, 2, 1), _Inception(12), nn.PReLU(24),
        _Inception(24), nn.ELU(), Head(24, labels),
    )  # fmt: skip


def vgg(labels: int) -> nn.Module:
    """Simonyan and Zisserman 2015: no normalisation, and a dense layer on the flattened picture."""
    widths, parts = (3, 8, 12, 16, 16), []
    for before, after in pairwise(widths):
        parts += [nn.Conv2d(before, after, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
    return nn.Sequential(*parts, nn.Flatten(), nn.Linear(256, 32), nn.ReLU(), nn.Linear(32, labels))


def xception(labels: int) -> nn.Module:
    """Chollet 2017: separable convolutions, each block around itself, activation first."""

    def separable(before: int, after: int) -> list[nn.Module]:
        depthwise = nn.Conv2d(before, before, 3, padding=1, groups=before, bias=False)
        return [nn.ReLU(), depthwise, conv_bn(before, after, 1)]

    def block(before: int, after: int) -> nn.Module:
        body = [*separable(before, after), *separable(after, after), nn.MaxPool2d(3, 2, 1)]
        return Residual(nn.Sequential(*body), conv_bn(before, after, 1, 2))

    stem = conv_bn(3, 12, 3, 2, act=nn.ReLU)
    return nn.Sequential(stem, block(12, 24), block(24, 32), nn.ReLU(), Head(32, labels))


def efficientnet_v2(labels: int) -> nn.Module:
    """Tan and Le 2021: expansion and depthwise fused into one convolution in the early blocks."""

    def fused(before: int, after: int, stride: int) -> nn.Module:
        body = nn.Sequential(conv_bn(before, before * 4, 3, stride, act=nn.SiLU),
                             conv_bn(before * 4, after, 1))  # fmt: skip
        return Residual(body) if before == after and stride == 1 else body

    def late(before: int, after: int) -> nn.Module:
        wide = before * 4
        return nn.Sequential(conv_bn(before, wide, 1, act=nn.SiLU),
                             conv_bn(wide, wide, 3, 2, wide, nn.SiLU),
                             SqueezeExcite(wide, act=nn.SiLU), conv_bn(wide, after, 1))  # fmt: skip

    return nn.Sequential(
        conv_bn(3, 8, 3, 2, act=nn.SiLU), fused(8, 8, 1), fused(8, 16, 2), late(16, 24),
        conv_bn(24, 48, 1, act=nn.SiLU), Head(48, labels),
    )  # fmt: skip


class _Attention(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.qkv = nn.Linear(channels, 3 * channels)

    def forward(self, x: Any) -> Any:
        """One head over the places of the picture."""
        q, k, v = self.qkv(x.flatten(2).transpose(1, 2)).chunk(3, -1)
        return ((q @ k.transpose(1, 2)).softmax(-1) @ v).mean(1)


def vision_transformer(labels: int) -> nn.Module:
    """Dosovitskiy et al. 2021, a piece: its product of computed matrices is refused."""
    return nn.Sequential(nn.Conv2d(3, 16, 8, 8), _Attention(16), nn.Linear(16, labels))


NETWORKS: dict[str, Callable[[int], nn.Module]] = {
    "plain": plain, "mobilenet_v1": mobilenet_v1, "mobilenet_v2": mobilenet_v2,
    "mobilenet_v3": mobilenet_v3, "mobilenet_v4": mobilenet_v4, "efficientnet": efficientnet,
    "efficientnet_lite": efficientnet_lite, "resnet_basic": resnet_basic,
    "resnet_bottleneck": resnet_bottleneck, "resnext": resnext, "regnet": regnet,
    "shufflenet_v2": shufflenet_v2, "squeezenet": squeezenet, "densenet": densenet,
    "ghostnet": ghostnet, "convnext": convnext, "inception": inception,
    "vgg": vgg, "xception": xception, "efficientnet_v2": efficientnet_v2,
}  # fmt: skip
"""Families that must pass, by name."""


def make(name: str, labels: int, seed: int = 0) -> nn.Module:
    """A network in evaluation mode, its weights and statistics random but alive.

    Args:
        name: Of ``NETWORKS``, or ``vision_transformer``.
        labels: Count of its outputs.
        seed: Of its weights.
    """
    torch.manual_seed(seed)
    network = NETWORKS.get(name, vision_transformer)(labels)
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.running_mean, -0.2, 0.2)
            nn.init.uniform_(module.running_var, 0.5, 1.5)
            nn.init.uniform_(module.weight, 0.7, 1.3)
            nn.init.uniform_(module.bias, -0.2, 0.2)
    return network.eval()


def fit(network: nn.Module, pixels: NDArray[np.float32], label_index: NDArray[np.int64]) -> None:
    """Statistics of its normalisations from these pictures, and a head that knows their labels.

    A few steps of training after that: a head on random features hangs on differences so small
    that int8 rounds them away, and then nothing is learned about the converter.

    Args:
        network: In evaluation mode; left so.
        pixels: float32 (N, 3, size, size).
        label_index: int64 (N,).
    """
    batch, wanted = torch.from_numpy(pixels), torch.from_numpy(label_index)
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.momentum = 1.0
        network.train()
        network(batch)
        network.eval()
        _fit_head(network, batch, label_index)
    torch.manual_seed(0)
    learner = torch.optim.Adam(network.parameters(), lr=_LEARNING_RATE)
    for _ in range(_STEPS):
        chosen = torch.randperm(len(batch))[:_BATCH]
        learner.zero_grad()
        F.cross_entropy(network(batch[chosen]), wanted[chosen]).backward()
        learner.step()


def _fit_head(network: nn.Module, batch: Any, label_index: NDArray[np.int64]) -> None:
    """Networks that end in a convolution keep their head."""
    heads = [module for module in network.modules() if isinstance(module, nn.Linear)]
    if not heads:
        return
    seen: list[Any] = []
    hook = heads[-1].register_forward_hook(lambda _, inputs, __: seen.append(inputs[0]))
    network(batch)
    hook.remove()
    weights, bias = fitted_head(seen[0].numpy().astype(np.float64), label_index)
    heads[-1].weight.copy_(torch.from_numpy(np.ascontiguousarray(weights.T)))
    heads[-1].bias.copy_(torch.from_numpy(bias))


def export(
    network: nn.Module, path: str, side: int, newer: bool, dynamic: bool, opset: int
) -> None:
    """Write ``.onnx`` by one of PyTorch's two exporters.

    Args:
        network: In evaluation mode.
        path: Of the file.
        side: Of the picture, pixels.
        newer: By ``torch.export`` (it writes external data) instead of by tracing.
        dynamic: Any batch at once instead of one picture.
        opset: Operator set.
    """
    example = (torch.rand(2 if dynamic else 1, 3, side, side),)
    told: dict[str, Any] = {"input_names": ["picture"], "output_names": ["logits"]}
    if newer:
        shapes = ({0: torch.export.Dim.DYNAMIC},) if dynamic else None
        torch.onnx.export(network, example, path, dynamo=True, opset_version=opset, verbose=False,
                          external_data=True, dynamic_shapes=shapes, **told)  # fmt: skip
    else:
        axes = {"picture": {0: "batch"}, "logits": {0: "batch"}} if dynamic else None
        torch.onnx.export(
            network, example, path, dynamo=False, opset_version=opset, dynamic_axes=axes, **told
        )
