"""Every operator, alone between a picture and a row of numbers, answers as onnxruntime does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.convert.onnx_import.networks import headed, node, write

pytest.importorskip("keras", reason="the extra `convert` is not installed")
RNG = np.random.default_rng(7)


def weights(*shape: int, low: float = -1.0) -> np.ndarray:
    return RNG.uniform(low, 1.0, shape).astype(np.float32)


def ints(*values: int) -> np.ndarray:
    return np.array(values, dtype=np.int64)


P = "picture"
CONVOLUTIONS = {
    "plain": ({"kernel_shape": [3, 3]}, weights(5, 3, 3, 3)),
    "same": ({"pads": [1, 1, 1, 1]}, weights(5, 3, 3, 3)),
    "stride, symmetric": ({"pads": [1, 1, 1, 1], "strides": [2, 2]}, weights(5, 3, 3, 3)),
    "stride, 5 x 5": ({"pads": [2, 2, 2, 2], "strides": [2, 2]}, weights(4, 3, 5, 5)),
    "lopsided": ({"pads": [0, 1, 2, 0]}, weights(5, 3, 3, 3)),
    "1 x 7": ({"pads": [0, 3, 0, 3]}, weights(5, 3, 1, 7)),
    "dilated": ({"dilations": [2, 2], "pads": [2, 2, 2, 2]}, weights(5, 3, 3, 3)),
    "SAME_UPPER": ({"auto_pad": "SAME_UPPER", "strides": [2, 2]}, weights(5, 3, 3, 3)),
    "SAME_LOWER": ({"auto_pad": "SAME_LOWER", "strides": [2, 2]}, weights(5, 3, 4, 4)),
    "depthwise": ({"group": 3, "pads": [1, 1, 1, 1]}, weights(3, 1, 3, 3)),
    "depthwise, twice as many": ({"group": 3, "strides": [2, 2]}, weights(6, 1, 3, 3)),
}


@pytest.mark.parametrize("case", CONVOLUTIONS)
def test_convolutions(case: str, tmp_path: Path, import_and_compare: Any) -> None:
    told, kernel = CONVOLUTIONS[case]
    given = {"w": kernel, "b": weights(kernel.shape[0])}
    path = write(tmp_path / "a.onnx", headed([node("Conv", [P, "w", "b"], "x", **told)]), given)
    import_and_compare(path)


def test_a_grouped_convolution(tmp_path: Path, import_and_compare: Any) -> None:
    nodes = [node("Conv", [P, "v"], "y"), node("Conv", ["y", "w"], "x", group=2)]
    path = write(tmp_path / "a.onnx", headed(nodes), {"v": weights(4, 3, 1, 1),
                                                      "w": weights(6, 2, 3, 3)})  # fmt: skip
    import_and_compare(path)


POOLS = {
    "MaxPool": {"kernel_shape": [2, 2], "strides": [2, 2]},
    "MaxPool, padded": {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 1, 1, 1]},
    "MaxPool, size rounded up": {"kernel_shape": [3, 3], "strides": [2, 2], "ceil_mode": 1},
    "AveragePool": {"kernel_shape": [2, 2], "strides": [2, 2]},
    "AveragePool, border left out": {
        "kernel_shape": [3, 3],
        "strides": [2, 2],
        "pads": [1, 1, 1, 1],
    },
    "AveragePool, border counted": {
        "kernel_shape": [3, 3],
        "pads": [1, 1, 1, 1],
        "count_include_pad": 1,
    },
    "AveragePool, size rounded up": {"kernel_shape": [3, 3], "strides": [2, 2], "ceil_mode": 1},
    "GlobalAveragePool": {},
    "GlobalMaxPool": {},
}


@pytest.mark.parametrize("case", POOLS)
@pytest.mark.parametrize("before", ["Relu", "Identity"])
def test_pooling_of_pictures_with_and_without_negative_values(
    case: str, before: str, tmp_path: Path, import_and_compare: Any
) -> None:
    nodes = [node(before, [P], "y"), node(case.split(",")[0], ["y"], "x", **POOLS[case])]
    import_and_compare(write(tmp_path / "a.onnx", headed(nodes)))


ACTIVATIONS: dict[str, dict[str, Any]] = {
    "Relu": {}, "LeakyRelu": {"alpha": 0.2}, "Elu": {}, "Sigmoid": {}, "Tanh": {},
    "HardSigmoid": {"alpha": 1 / 6, "beta": 0.5}, "HardSwish": {}, "Softplus": {},
    "Abs": {}, "Neg": {}, "Exp": {}, "Softmax": {"axis": 1}, "LogSoftmax": {"axis": 1},
    "Identity": {}, "Dropout": {},
}  # fmt: skip


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations(name: str, tmp_path: Path, import_and_compare: Any) -> None:
    nodes = headed([node(name, [P], "x", **ACTIVATIONS[name])])
    import_and_compare(write(tmp_path / "a.onnx", nodes))


@pytest.mark.parametrize("approximate", ["none", "tanh"])
def test_gelu_of_operator_set_20(approximate: str, tmp_path: Path, import_and_compare: Any) -> None:
    nodes = headed([node("Gelu", [P], "x", approximate=approximate)])
    import_and_compare(write(tmp_path / "a.onnx", nodes, opset=20))


@pytest.mark.parametrize("order", ["x*(1+erf)*.5", "(.5*x)*(1+erf)", "x*(.5*(1+erf))"])
def test_gelu_spelled_out_is_one_operator(
    order: str, tmp_path: Path, import_and_compare: Any
) -> None:
    start = [node("Div", [P, "root"], "z"), node("Erf", ["z"], "e"), node("Add", ["e", "one"], "a")]
    ends = {
        "x*(1+erf)*.5": [node("Mul", [P, "a"], "m"), node("Mul", ["m", "half"], "x")],
        "(.5*x)*(1+erf)": [node("Mul", [P, "half"], "m"), node("Mul", ["m", "a"], "x")],
        "x*(.5*(1+erf))": [node("Mul", ["a", "half"], "m"), node("Mul", [P, "m"], "x")],
    }
    given = {"root": np.float32(2**0.5), "one": np.float32(1), "half": np.float32(0.5)}
    import_and_compare(write(tmp_path / "a.onnx", headed([*start, *ends[order]]), given))


def test_erf_by_itself_is_refused_by_name(tmp_path: Path, import_and_compare: Any) -> None:
    path = write(tmp_path / "a.onnx", headed([node("Erf", [P], "x")]))
    with pytest.raises(ValueError, match=r"Erf \(node the_Erf\)"):
        import_and_compare(path)


@pytest.mark.parametrize(("low", "high"), [(0.0, 6.0), (0.0, None), (-0.5, 0.5), (None, 0.3)])
def test_clip(
    low: float | None, high: float | None, tmp_path: Path, import_and_compare: Any
) -> None:
    limits = {"low": low, "high": high}
    given = {k: np.float32(v) for k, v in limits.items() if v is not None}
    names = [P, *(k if v is not None else "" for k, v in limits.items())]
    import_and_compare(write(tmp_path / "a.onnx", headed([node("Clip", names, "x")]), given))


@pytest.mark.parametrize("name", ["Add", "Sub", "Mul", "Div", "Min", "Max"])
@pytest.mark.parametrize("shape", [(), (3, 1, 1), (1, 3, 8, 8), (8,)])
@pytest.mark.parametrize("first", [True, False])
def test_arithmetic_with_a_constant(
    name: str, shape: tuple[int, ...], first: bool, tmp_path: Path, import_and_compare: Any
) -> None:
    given = {"c": weights(*shape, low=0.5)}
    nodes = [node("Sigmoid", [P], "y"), node(name, ["c", "y"] if first else ["y", "c"], "x")]
    import_and_compare(write(tmp_path / "a.onnx", headed(nodes), given))


@pytest.mark.parametrize("name", ["Add", "Sub", "Mul", "Min", "Max"])
def test_arithmetic_of_two_layouts(name: str, tmp_path: Path, import_and_compare: Any) -> None:
    """The second is seen with height and width exchanged."""
    nodes = [node("Transpose", [P], "t", perm=[0, 1, 3, 2]), node(name, [P, "t"], "x")]
    import_and_compare(write(tmp_path / "a.onnx", headed(nodes)))


def test_layer_normalisation_whole_and_spelled_out(tmp_path: Path, import_and_compare: Any) -> None:
    given = {"s": weights(3, low=0.5), "b": weights(3), "two": np.float32(2),
             "eps": np.float32(1e-5)}  # fmt: skip
    last = [node("Transpose", [P], "t", perm=[0, 2, 3, 1])]
    whole = [node("LayerNormalization", ["t", "s", "b"], "x", axis=-1)]
    apart = [
        node("ReduceMean", ["t"], "m", axes=[-1]), node("Sub", ["t", "m"], "d"),
        node("Pow", ["d", "two"], "q"), node("ReduceMean", ["q"], "v", axes=[-1]),
        node("Add", ["v", "eps"], "e"), node("Sqrt", ["e"], "r"), node("Div", ["d", "r"], "n"),
        node("Mul", ["n", "s"], "y"), node("Add", ["y", "b"], "x"),
    ]  # fmt: skip
    for name, opset, nodes in (("whole", 17, whole), ("apart", 13, apart)):
        path = write(tmp_path / f"{name}.onnx", headed([*last, *nodes]), given, opset)
        import_and_compare(path)


def test_batch_normalisation(tmp_path: Path, import_and_compare: Any) -> None:
    given = {k: weights(3, low=0.2) for k in "sbmv"}
    nodes = headed([node("BatchNormalization", [P, *"sbmv"], "x")])
    import_and_compare(write(tmp_path / "a.onnx", nodes, given))


@pytest.mark.parametrize("keepdims", [0, 1])
@pytest.mark.parametrize("name", ["ReduceMean", "ReduceMax", "ReduceSum"])
def test_reductions(name: str, keepdims: int, tmp_path: Path, import_and_compare: Any) -> None:
    nodes = headed([node(name, [P, "axes"], "x", keepdims=keepdims)])
    import_and_compare(write(tmp_path / "a.onnx", nodes, {"axes": ints(2, 3)}))
    nodes = headed([node(name, [P, "axes"], "x", keepdims=keepdims)])
    import_and_compare(write(tmp_path / "b.onnx", nodes, {"axes": ints(1)}))


def test_dense_layers_over_a_flattened_picture_move_no_data(
    tmp_path: Path, import_and_compare: Any
) -> None:
    nodes = [
        node("Flatten", [P], "f"), node("Relu", ["f"], "r"),
        node("Gemm", ["r", "w", "c"], "g", transB=1, alpha=0.5, beta=2.0),
        node("MatMul", ["g", "v"], "logits"),
    ]  # fmt: skip
    given = {"w": weights(6, 192), "c": weights(6), "v": weights(6, 4)}
    model = import_and_compare(write(tmp_path / "a.onnx", nodes, given))
    assert not moved_data(model)


def moved_data(model: Any) -> list[str]:
    """Layers that move data about."""
    return [type(layer).__name__ for layer in model.operations
            if type(layer).__name__ in {"Transpose", "Permute", "Take"}]  # fmt: skip


def test_layout_is_relabelled_not_moved(tmp_path: Path, import_and_compare: Any) -> None:
    nodes = [
        node("Transpose", [P], "t", perm=[0, 2, 3, 1]), node("MatMul", ["t", "w"], "m"),
        node("Transpose", ["m"], "x", perm=[0, 3, 1, 2]),
        node("GlobalAveragePool", ["x"], "p"), node("Flatten", ["p"], "logits"),
    ]  # fmt: skip
    model = import_and_compare(write(tmp_path / "a.onnx", nodes, {"w": weights(3, 5)}))
    assert not moved_data(model)


def test_channels_are_shuffled(tmp_path: Path, import_and_compare: Any) -> None:
    nodes = [
        node("Conv", [P, "w"], "c"), node("Reshape", ["c", "five"], "y"),
        node("Transpose", ["y"], "t", perm=[0, 2, 1, 3, 4]), node("Reshape", ["t", "four"], "x"),
    ]  # fmt: skip
    given = {"w": weights(6, 3, 1, 1), "five": ints(1, 2, 3, 8, 8), "four": ints(0, 6, 8, 8)}
    import_and_compare(write(tmp_path / "a.onnx", headed(nodes), given))


@pytest.mark.parametrize("target", [(1, 3, 64), (1, 64, 3), (1, 3, 4, 2, 8), (1, -1), (0, 12, 16)])
def test_reshapes_of_every_kind(
    target: tuple[int, ...], tmp_path: Path, import_and_compare: Any
) -> None:
    nodes = headed([node("Reshape", [P, "to"], "x")])
    import_and_compare(write(tmp_path / "a.onnx", nodes, {"to": ints(*target)}))


def test_axes_of_one_come_and_go(tmp_path: Path, import_and_compare: Any) -> None:
    nodes = [
        node("GlobalAveragePool", [P], "p"), node("Squeeze", ["p", "hw"], "s"),
        node("Unsqueeze", ["s", "hw"], "u"), node("Mul", [P, "u"], "x"),
    ]  # fmt: skip
    import_and_compare(write(tmp_path / "a.onnx", headed(nodes), {"hw": ints(2, 3)}))


def test_split_slice_gather_and_concat(tmp_path: Path, import_and_compare: Any) -> None:
    from onnx import helper

    parts = helper.make_node("Split", [P, "sizes"], ["a", "b"], "split", axis=1)
    nodes = [
        parts, node("Slice", ["b", "one", "end", "axis", "two"], "c"),
        node("Gather", ["b", "swap"], "g", axis=1), node("Slice", ["g", "one", "end", "axis"], "h"),
        node("Slice", ["h", "one", "end", "axis", "two"], "i"),
        node("Slice", ["a", "one", "end", "axis", "two"], "d"), node("Concat", ["c", "d"], "x",
                                                                     axis=1),
        node("Flatten", ["i"], "j"), node("Flatten", ["x"], "k"),
        node("Concat", ["j", "k"], "logits", axis=1),
    ]  # fmt: skip
    given = {"sizes": ints(1, 2), "one": ints(1), "end": ints(2**62), "axis": ints(3),
             "two": ints(2), "swap": ints(-1, 0)}  # fmt: skip
    import_and_compare(write(tmp_path / "a.onnx", nodes, given))


@pytest.mark.parametrize("mode", ["constant", "reflect"])
def test_pad(mode: str, tmp_path: Path, import_and_compare: Any) -> None:
    given = {"pads": ints(0, 0, 1, 2, 0, 0, 3, 1)}
    nodes = headed([node("Pad", [P, "pads"], "x", mode=mode)])
    import_and_compare(write(tmp_path / "a.onnx", nodes, given))


def test_prelu_and_power(tmp_path: Path, import_and_compare: Any) -> None:
    nodes = [node("PRelu", [P, "slope"], "y"), node("Pow", ["y", "two"], "x")]
    given = {"slope": weights(3, 1, 1), "two": np.float32(2)}
    import_and_compare(write(tmp_path / "a.onnx", headed(nodes), given))


def test_shapes_are_computed_before_any_picture_is(tmp_path: Path, import_and_compare: Any) -> None:
    """What exporters write for x.view(x.size(0), -1) with a batch of any size."""
    nodes = [
        node("Shape", [P], "s"), node("Gather", ["s", "zero"], "n"),
        node("Unsqueeze", ["n", "first"], "u"), node("Concat", ["u", "rest"], "to", axis=0),
        node("Reshape", [P, "to"], "logits"),
    ]  # fmt: skip
    given = {"zero": np.int64(0), "first": ints(0), "rest": ints(-1)}
    path = write(tmp_path / "a.onnx", nodes, given, shape=("n", 3, 8, 8))
    import_and_compare(path)


@pytest.mark.parametrize("shape", [(4, 3, 8, 8), ("n", 3, "h", "w"), (1, 8, 8, 3)])
def test_inputs_of_fixed_batch_of_open_size_and_channels_last(
    shape: tuple[int | str, ...], tmp_path: Path, import_and_compare: Any
) -> None:
    rows = 4 if shape[0] == 4 else 1
    nodes = [node("Mul", [P, "two"], "y"), node("Reshape", ["y", "to"], "logits")]
    given = {"two": np.float32(2), "to": ints(rows, 192)}
    if shape[0] == "n":
        nodes[1] = node("Flatten", ["y"], "logits")
    import_and_compare(write(tmp_path / "a.onnx", nodes, given, shape=shape))


@pytest.mark.parametrize("opset", [13, 15, 18, 21, 24, 25, 26])
def test_all_operator_sets(opset: int, tmp_path: Path, import_and_compare: Any) -> None:
    """With what changed between them: axes of ReduceMean, an attribute before 18."""
    early = opset < 18
    mean = node("ReduceMean", ["y"], "m", axes=[2, 3]) if early else node(
        "ReduceMean", ["y", "axes"], "m")  # fmt: skip
    nodes = [node("Conv", [P, "w"], "c"), node("Relu", ["c"], "y"), mean]
    given = {"w": weights(4, 3, 3, 3)} | ({} if early else {"axes": ints(2, 3)})
    import_and_compare(write(tmp_path / "a.onnx", headed(nodes, "m"), given, opset=opset))
