"""Writes models.json: models that Keras saved, with inputs and their outputs in Keras.

    pip install keras==3.15.1 torch==2.13.0 h5py==3.16.0
    KERAS_BACKEND=torch python3 make_models.py > models.json && deno fmt models.json

Files are gzip in base64, as HDF5 is mostly zeros; numbers are little-endian.
"""
import base64
import gzip
import json
import os
import tempfile

import h5py
import keras
import numpy as np
from keras import layers as L

B, T, I, V = 3, 5, 4, 7
rng = np.random.default_rng(3)
folder = tempfile.mkdtemp()
POST = np.array([[1, 2, 3, 0, 0], [4, 5, 6, 1, 2], [3, 0, 0, 0, 0]])
MIXED = np.array([[0, 0, 1, 2, 3], [4, 5, 6, 1, 2], [0, 3, 0, 5, 1]])


def floats(*shape):
    return rng.uniform(-0.7, 0.7, shape).astype(np.float32)


def text(array):
    return base64.b64encode(np.ascontiguousarray(array, dtype=np.float32).tobytes()).decode()


def saved(model, extension):
    path = os.path.join(folder, "model" + extension)
    model.save_weights(path) if extension == ".weights.h5" else model.save(path)
    with open(path, "rb") as file:
        return base64.b64encode(gzip.compress(file.read(), mtime=0)).decode()


def saved_by_keras_2(model):
    """Saves a model as Keras 2 does: text as bytes of fixed length, names that end in `:0`, other keys."""
    path = os.path.join(folder, "old.h5")
    model.save(path)
    with h5py.File(path, "r+") as file:
        config = file.attrs["model_config"].replace('"batch_shape"', '"batch_input_shape"')
        file.attrs["model_config"] = np.bytes_(config.encode())
        file.attrs["keras_version"] = np.bytes_(b"2.15.0")
        weights = file["model_weights"]
        names = [str(name) for name in weights.attrs["layer_names"]]
        weights.attrs["layer_names"] = np.array([name.encode() for name in names])
        for layer in (weights[name] for name in names):
            own = [str(name) for name in layer.attrs["weight_names"]]
            for name in own:
                layer.move(name, name.removeprefix("sequential/") + ":0")
            layer.attrs["weight_names"] = np.array([(name.removeprefix("sequential/") + ":0").encode() for name in own])
    with open(path, "rb") as file:
        return base64.b64encode(gzip.compress(file.read(), mtime=0)).decode()


def padded():
    x = floats(B, T, I)
    x[0, 3:] = x[2, 1:] = -2
    return x


def values():
    return keras.Input((T, I))


def tokens(mask=True):
    return [keras.Input((T,), dtype="int32"), L.Embedding(V, I, mask_zero=mask)]


def sequential(*layers):
    return keras.Sequential(list(layers))


def bidirectional(cell, mode, steps, **options):
    return L.Bidirectional(cell(3, return_sequences=steps, **options), merge_mode=mode)


def functional():
    x = keras.Input((T,), dtype="int32")
    h = L.Embedding(V, I, mask_zero=True)(x)
    h = L.Bidirectional(L.GRU(3, return_sequences=True))(h)
    h = L.Dropout(0.3)(h)
    h = L.LSTM(3)(h)
    return keras.Model(x, L.Softmax()(L.Dense(3)(h)))


def masked_functional():
    x = keras.Input((T, I))
    return keras.Model(x, L.GlobalAveragePooling1D()(L.SimpleRNN(3, return_sequences=True)(L.Masking(-2.0)(x))))


def two_outputs():
    x = keras.Input((T, I))
    return keras.Model(x, L.Bidirectional(L.LSTM(3, return_sequences=True), merge_mode=None)(x))


X = lambda: [floats(B, T, I)]
MODELS = {
    "SimpleRNN": (sequential(values(), L.SimpleRNN(4), L.Dense(3)), X()),
    "LSTM": (sequential(values(), L.LSTM(4, return_sequences=True), L.LSTM(3), L.Dense(3, activation="softmax")), X()),
    "GRU, reset after": (sequential(values(), L.GRU(4, return_sequences=True), L.GRU(3)), X()),
    "GRU, reset before": (sequential(values(), L.GRU(4, return_sequences=True, reset_after=False), L.GRU(3, reset_after=False)), X()),
    "GRU without bias": (sequential(values(), L.GRU(4, use_bias=False), L.Dense(2, use_bias=False)), X()),
    "functions": (
        sequential(
            values(),
            L.LSTM(4, activation="softsign", recurrent_activation="hard_sigmoid", return_sequences=True),
            L.GRU(4, activation="leaky_relu", return_sequences=True),
            L.Dense(4, activation="elu"), L.ReLU(negative_slope=0.1), L.LeakyReLU(negative_slope=0.4), L.Activation("softplus"),
            L.SimpleRNN(3, activation="relu"), L.Dense(1, activation="sigmoid"),
        ),
        X(),
    ),
    "cells": (
        sequential(
            values(), L.RNN([L.LSTMCell(3), L.GRUCell(2), L.GRUCell(2, reset_after=False)], return_sequences=True),
            L.RNN(L.SimpleRNNCell(3)),
        ),
        X(),
    ),
    "against time": (sequential(values(), L.GRU(4, go_backwards=True, return_sequences=True), L.LSTM(3, go_backwards=True)), X()),
    "norm, TimeDistributed": (
        sequential(values(), L.LSTM(4, return_sequences=True), L.LayerNormalization(), L.TimeDistributed(L.Dense(3, activation="softmax"))),
        X(),
    ),
    "dropout": (
        sequential(values(), L.Dropout(0.3), L.LSTM(4, dropout=0.1, recurrent_dropout=0.2, return_sequences=True), L.SpatialDropout1D(0.2),
                   L.GRU(3), L.Dropout(0.2), L.Dense(2)),
        X(),
    ),
    "largest": (sequential(values(), L.LSTM(3, return_sequences=True), L.GlobalMaxPooling1D()), X()),
    "nested": (sequential(values(), keras.Sequential([keras.Input((T, I)), L.LSTM(3, return_sequences=True)]), L.LSTM(2)), X()),
    "embedding": (sequential(*tokens(), L.GRU(4), L.Dense(3)), [POST, MIXED]),
    "embedding, steps": (sequential(*tokens(), L.LSTM(4, return_sequences=True), L.Dense(3, activation="softmax")), [POST, MIXED]),
    "embedding, both directions, steps": (sequential(*tokens(), bidirectional(L.LSTM, "concat", True), L.Dense(3)), [POST, MIXED]),
    "embedding, both directions": (sequential(*tokens(), bidirectional(L.GRU, "sum", False)), [POST, MIXED]),
    "embedding, against time": (sequential(*tokens(), L.LSTM(4, go_backwards=True)), [POST, MIXED]),
    "embedding, mean": (sequential(*tokens(), L.GRU(4, return_sequences=True), L.GlobalAveragePooling1D()), [POST, MIXED]),
    "embedding, no mask": (sequential(*tokens(False), L.LSTM(4)), [POST]),
    "Masking": (sequential(values(), L.Masking(-2.0), L.SimpleRNN(4, return_sequences=True), L.GRU(3)), [padded()]),
    "functional": (functional(), [POST, MIXED]),
    "functional, Masking": (masked_functional(), [padded()]),
    "two outputs": (two_outputs(), X()),
}
for cell in (L.SimpleRNN, L.LSTM, L.GRU):
    for mode in ("concat", "sum", "ave", "mul"):
        steps = mode in ("concat", "ave")
        MODELS[f"{cell.__name__} {mode}"] = (sequential(values(), bidirectional(cell, mode, steps), L.Dense(3)), X())

cases = []
for i, (name, (model, inputs)) in enumerate(MODELS.items()):
    model.set_weights([floats(*w.shape) for w in model.get_weights()])
    sets = []
    for x in inputs:
        y = model.predict(x, verbose=0)
        sets.append({"x": text(x), "y": [text(part) for part in (y if isinstance(y, list) else [y])]})
    # A file of Keras 2 cannot hold models in models.
    extensions = [".keras", ".weights.h5", ".h5"] if i % 4 == 2 and name != "nested" else [".keras"]
    files = {extension: saved(model, extension) for extension in extensions}
    if ".h5" in files:
        files["Keras 2"] = saved_by_keras_2(model)
    config = {"config": model.to_json()} if ".weights.h5" in files else {}
    cases.append({"name": name, "B": B, "T": T, "files": files, **config, "sets": sets})
print(json.dumps(cases))
