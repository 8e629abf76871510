"""Loads the models of a folder with Keras, and writes their outputs.

    KERAS_BACKEND=torch python3 read_keras_models.py FOLDER

For each name in cases.json, with the shape of its input: name.keras, name.weights.h5 and name.x (f32, little-endian); written are
name.y, of the model, and name.w, of one with other weights that has loaded the second file.
"""
import json
import sys

import keras
import numpy as np


def output(model, x):
    return keras.ops.convert_to_numpy(model(x, training=False)).astype("<f4")


folder = sys.argv[1] + "/"
for name, shape in json.load(open(folder + "cases.json")).items():
    x = np.fromfile(folder + name + ".x", "<f4").reshape(shape)
    model = keras.saving.load_model(folder + name + ".keras")
    output(model, x).tofile(folder + name + ".y")
    model.set_weights([np.zeros_like(w) for w in model.get_weights()])
    model.load_weights(folder + name + ".weights.h5")
    output(model, x).tofile(folder + name + ".w")
