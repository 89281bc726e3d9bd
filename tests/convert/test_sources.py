"""One network in every kind of file gives the same logits; files that cannot be say why."""

from __future__ import annotations

import json
import shutil
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge.errors import ConversionRefused
from tests.convert.conftest import ToyWorld
from tests.convert.toy import LABELS, SIDE, write_description

CROPS = np.random.default_rng(3).integers(0, 256, (5, SIDE, SIDE, 3), dtype=np.uint8)


def keras_model(world: ToyWorld) -> Any:
    import keras

    return keras.saving.load_model(world.source, compile=False)


def load(path: Path, **changes: Any) -> Any:
    from convert.sources import load_source

    write_description(path.with_suffix(".json"), **changes)
    return load_source(path)


def test_keras_h5_and_saved_model_hold_the_same_network(
    toy_world: ToyWorld, tmp_path: Path
) -> None:
    model = keras_model(toy_world)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that .h5 is an old form
        model.save(tmp_path / "old.h5")
    model.export(tmp_path / "saved", verbose=False)
    wanted = load(shutil.copy(toy_world.source, tmp_path / "new.keras")).logits(CROPS)
    for name in ("old.h5", "saved"):
        np.testing.assert_allclose(load(tmp_path / name).logits(CROPS), wanted, rtol=1e-4)


def test_a_saved_model_still_answers_when_nobody_else_holds_it(
    keras_module: Any, tmp_path: Path
) -> None:
    """A network of a class of one's own comes as a SavedModel; it answers, and freezes, after
    whatever was loaded with it was swept up."""
    import gc

    keras = keras_module

    class Own(keras.Model):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.first = keras.layers.Conv2D(4, 3, 2, activation="relu")
            self.pool = keras.layers.GlobalAveragePooling2D()
            self.last = keras.layers.Dense(len(LABELS))

        def call(self, picture: Any) -> Any:
            return self.last(self.pool(self.first(picture)))

    own = Own()
    real = CROPS.astype(np.float32) / 127.5 - 1
    wanted = np.asarray(own(real))
    own.export(tmp_path / "own", verbose=False)
    network = load(tmp_path / "own")
    gc.collect()
    np.testing.assert_allclose(network.logits(CROPS), wanted, rtol=1e-4, atol=1e-5)
    import tensorflow as tf

    answers = network.freeze()(tf.constant(real[:1]))
    np.testing.assert_allclose(np.asarray(answers[0]), wanted[:1], rtol=1e-4, atol=1e-5)


def test_mixed_precision_is_taken_off(keras_module: Any, tmp_path: Path) -> None:
    """Networks trained on a GPU compute in half precision; TFLite knows none of it."""
    keras = keras_module
    keras.utils.set_random_seed(3)
    policy = keras.mixed_precision.DTypePolicy("mixed_float16")
    entry = keras.Input((SIDE, SIDE, 3))
    body = keras.Sequential([keras.layers.Conv2D(8, 3, 2, dtype=policy, activation="relu")])
    seen = keras.layers.GlobalAveragePooling2D(dtype=policy)(body(entry))
    answer = keras.layers.Dense(len(LABELS), dtype=policy)(seen)
    soft = keras.layers.Activation("softmax", dtype="float32")(answer)
    model = keras.Model(entry, soft)
    model.save(tmp_path / "mixed.keras")
    network = load(tmp_path / "mixed.keras")
    logits = network.logits(CROPS)
    told = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    wanted = np.asarray(model(CROPS.astype(np.float32) / 127.5 - 1))
    np.testing.assert_allclose(told, wanted, atol=2e-3)
    nodes = {node.op for node in network.freeze().graph.as_graph_def().node}
    assert "Cast" not in nodes, "all of it is float32"


def test_an_operator_that_tflite_lacks_is_named(keras_module: Any, tmp_path: Path) -> None:
    import tensorflow as tf

    from convert.quantize import prepare
    from convert.settings import ConvertSettings

    class Odd(tf.Module):  # type: ignore[misc]
        @tf.function(input_signature=[tf.TensorSpec((None, SIDE, SIDE, 3), tf.float32)])
        def __call__(self, picture: Any) -> Any:
            grey = tf.math.bessel_i0e(tf.reduce_mean(picture, axis=(1, 2)))
            return tf.concat([grey, grey[:, :1]], axis=1)

    odd = Odd()
    tf.saved_model.save(odd, str(tmp_path / "odd"), signatures=odd.__call__)
    network = load(tmp_path / "odd")
    with pytest.raises(ConversionRefused, match="TFLite has no operator for BesselI0e"):
        prepare(network, CROPS, ConvertSettings())


TWO = {"labels": ["other", "blast"], "non_cell_labels": [], "synonyms": {}}


@pytest.mark.parametrize("end", ["sigmoid in Dense", "sigmoid after", "log-odds"])
def test_one_number_for_two_labels_becomes_two_logits(
    end: str, keras_module: Any, tmp_path: Path
) -> None:
    """Most networks for two classes end so; the number speaks for the second one."""
    keras = keras_module
    keras.utils.set_random_seed(2)
    entry = keras.Input((SIDE, SIDE, 3))
    seen = keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(8, 3, 2)(entry))
    answer = keras.layers.Dense(1, activation="sigmoid" if end == "sigmoid in Dense" else None)(
        seen
    )
    if end == "sigmoid after":
        answer = keras.layers.Activation("sigmoid")(answer)
    model = keras.Model(entry, answer)
    model.save(tmp_path / "one.keras")
    told = np.asarray(model(CROPS.astype(np.float32) / 127.5 - 1))[:, 0].astype(float)
    odds = told if end == "log-odds" else np.log(told / (1 - told))
    network = load(tmp_path / "one.keras", **TWO)
    logits = network.logits(CROPS)
    np.testing.assert_allclose(logits[:, 1] - logits[:, 0], odds, rtol=1e-3, atol=1e-4)
    assert "log-odds of blast" in network.notes[-1]
    assert (end == "log-odds") == (len(network.notes) == 1), "a sigmoid left off is told"


def test_pytorchs_sigmoid_is_compared_as_far_as_it_tells(keras_module: Any, tmp_path: Path) -> None:
    torch = pytest.importorskip("torch", reason="the extra `torch` is not installed")
    from bench.zoo.torch_networks import export
    from convert.onnx_source import compare
    from convert.quiet import quiet

    torch.manual_seed(0)
    body = [torch.nn.Conv2d(3, 8, 3, 2), torch.nn.ReLU(), torch.nn.AdaptiveAvgPool2d(1)]
    head = [torch.nn.Flatten(), torch.nn.Linear(8, 1), torch.nn.Sigmoid()]
    network = torch.nn.Sequential(*body, *head).eval()
    with torch.no_grad():
        network[4].weight *= 200  # so sure that single precision has only 0 and 1 left
    with warnings.catch_warnings(), quiet():
        warnings.simplefilter("ignore")
        export(network, str(tmp_path / "one.onnx"), SIDE, False, True, 17)
    loaded = load(tmp_path / "one.onnx", **TWO)
    error = compare(loaded, loaded.real_pixels(CROPS), "cells")
    assert error is not None
    assert error < 1e-4


def torch_file(path: Path, end: str = "") -> Path:
    """A small PyTorch network for the toy's cells as ONNX."""
    pytest.importorskip("torch", reason="the extra `torch` is not installed")
    from bench.zoo.torch_networks import export, make
    from convert.quiet import quiet

    network: Any = make("resnet_basic", len(LABELS))
    if end:
        import torch

        network = torch.nn.Sequential(network, getattr(torch.nn, end)(1)).eval()
    with warnings.catch_warnings(), quiet():
        warnings.simplefilter("ignore")
        export(network, str(path), SIDE, False, True, 17)
    return path


@pytest.mark.parametrize(("end", "said"), [("Softmax", "softmax"), ("LogSoftmax", "log_softmax")])
def test_onnx_gives_logits_and_its_softmax_is_left_off(
    end: str, said: str, keras_module: Any, tmp_path: Path
) -> None:
    plain = load(torch_file(tmp_path / "plain.onnx"))
    soft = load(torch_file(tmp_path / "soft.onnx", end))
    assert f"the {said} at its end" in soft.notes[0]
    np.testing.assert_allclose(plain.logits(CROPS), soft.logits(CROPS), rtol=1e-4, atol=1e-5)
    from convert.onnx_source import compare

    for network in (plain, soft):
        error = compare(network, network.real_pixels(CROPS), "cells")
        assert error is not None
        assert error < 1e-5


def test_a_network_of_blue_first_is_given_red_first(toy_world: ToyWorld, tmp_path: Path) -> None:
    pixels = {"multiply": [0.01, 0.02, 0.03], "add": [-1.0, -0.5, 0.0]}
    blue_first = {"input": told_input(pixels | {"order": "BGR"})}
    red_first = {"input": told_input(pixels | {"order": "RGB"})}
    paths = [
        Path(shutil.copy(toy_world.source, tmp_path / name)) for name in ("b.keras", "r.keras")
    ]
    swapped, plain = load(paths[0], **blue_first), load(paths[1], **red_first)
    wanted = plain.run(plain.real_pixels(CROPS)[..., ::-1].copy())
    np.testing.assert_allclose(swapped.logits(CROPS), wanted, rtol=1e-4, atol=1e-5)


def told_input(pixels: dict[str, Any]) -> dict[str, Any]:
    from tests.convert.toy import description

    told: dict[str, Any] = description()["input"]
    return told | {"pixels": pixels}


def test_files_of_no_kind_or_no_network(keras_module: Any, tmp_path: Path) -> None:
    (tmp_path / "a.pt").write_bytes(b"PK")
    (tmp_path / "folder").mkdir()
    (tmp_path / "b.onnx").write_bytes(b"")
    (tmp_path / "c.onnx").write_bytes(json.dumps({"no": "protobuf"}).encode())
    for name in ("a.pt", "folder", "b.onnx", "c.onnx", "nowhere.onnx"):
        with pytest.raises(ConversionRefused) as caught:
            load(tmp_path / name)
        assert "\n" not in str(caught.value)


def test_several_inputs_an_input_of_time_and_a_class_of_ones_own(
    keras_module: Any, tmp_path: Path
) -> None:
    keras = keras_module
    picture, age = keras.Input((SIDE, SIDE, 3)), keras.Input((1,), name="age")
    pooled = keras.layers.GlobalAveragePooling2D()(picture)
    joined = keras.layers.Concatenate()([pooled, age])
    keras.Model([picture, age], keras.layers.Dense(4)(joined)).save(tmp_path / "two.keras")
    film = keras.Input((4, SIDE, SIDE, 3))
    flat = keras.layers.GlobalAveragePooling3D()(film)
    keras.Model(film, keras.layers.Dense(4)(flat)).save(tmp_path / "film.keras")

    class Strange(keras.layers.Layer):
        def call(self, x: Any) -> Any:
            return x

    odd = keras.layers.Dense(4)(Strange()(pooled))
    keras.Model(picture, odd).save(tmp_path / "odd.keras")
    halved = keras.layers.Lambda(lambda x: x / 2)(pooled)
    keras.Model(picture, keras.layers.Dense(4)(halved)).save(tmp_path / "code.keras")
    said = {}
    for name in ("two", "film", "odd", "code"):
        with pytest.raises(ConversionRefused) as caught:
            load(tmp_path / f"{name}.keras")
        said[name] = str(caught.value)
        assert "\n" not in said[name]
    assert "age" in said["two"]
    assert "(None, 4, 32, 32, 3)" in said["film"]
    assert "Strange" in said["odd"]
    assert "Lambda layer holds Python code" in said["code"]
    assert all("SavedModel" in said[name] for name in ("odd", "code")), "the way out is named"
