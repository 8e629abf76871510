"""Writes onnx_cells.json: what onnxruntime makes of recurrent operators with the options that PyTorch does not have.

    pip install onnx==1.23.2 onnxruntime==1.32.0
    python3 make_onnx_cells.py > onnx_cells.json && deno fmt onnx_cells.json

All inputs are `numbers(n, seed)`, which onnx_cells_test.ts computes as well, so the file holds options and results only.
"""
import json
import numpy as np
import onnxruntime
from onnx import TensorProto, helper

T, B, I, H = 4, 2, 3, 4
GATES = {"RNN": 1, "GRU": 3, "LSTM": 4}


def numbers(shape, seed):
    n = int(np.prod(shape))
    return (((np.arange(n) * 37 + seed * 11) % 97) / 48 - 1).astype(np.float32).reshape(shape)


def run(op, **attributes):
    rows = GATES[op] * H
    peepholes = attributes.pop("peepholes", False)
    inputs = {
        "X": numbers((T, B, I), 1),
        "W": numbers((1, rows, I), 2),
        "R": numbers((1, rows, H), 3),
        "B": numbers((1, 2 * rows), 4),
        "initial_h": numbers((1, B, H), 5),
    }
    names = ["X", "W", "R", "B", "", "initial_h"]
    if op == "LSTM":
        # Twice the size, so that clipping c would show.
        inputs["initial_c"] = 2 * numbers((1, B, H), 6)
        names.append("initial_c")
        if peepholes:
            inputs["P"] = numbers((1, 3 * H), 7)
            names.append("P")
    outputs = ["Y", "Y_h", "Y_c"] if op == "LSTM" else ["Y", "Y_h"]
    node = helper.make_node(op, names, outputs, hidden_size=H, **attributes)
    graph = helper.make_graph(
        [node],
        op,
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, value.shape) for name, value in inputs.items()],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)], ir_version=8)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    results = session.run(None, inputs)
    options = {**attributes, "peepholes": True} if peepholes else attributes
    return {"op": op, "options": options, "Y": flat(results[0]), **({"Y_c": flat(results[2])} if op == "LSTM" else {})}


def flat(tensor):
    # One string, for deno fmt would give each number a line. Seven digits are enough for onnxruntime's functions.
    return " ".join(f"{x:.7g}" for x in tensor.ravel())


def main():
    cases = []
    for name, numbers_of in [
        ("Relu", []),
        ("Tanh", []),
        ("Sigmoid", []),
        ("Affine", [0.7, 0.2]),
        ("LeakyRelu", []),
        ("LeakyRelu", [0.3]),
        ("ThresholdedRelu", [0.4]),
        ("ScaledTanh", [1.3, 0.6]),
        ("HardSigmoid", []),
        ("HardSigmoid", [0.3, 0.4]),
        ("Elu", []),
        ("Elu", [0.6]),
        ("Softsign", []),
        ("Softplus", []),
    ]:
        options = {"activations": [name]}
        if numbers_of:
            options["activation_alpha"] = numbers_of[:1]
        if len(numbers_of) > 1:
            options["activation_beta"] = numbers_of[1:]
        cases.append(run("RNN", **options))
    cases.append(run("RNN", clip=0.4))

    other = {"activations": ["HardSigmoid", "Softsign", "ScaledTanh"]}
    other |= {"activation_alpha": [0.3, 1.2], "activation_beta": [0.45, 0.8]}
    cases.append(run("LSTM"))
    cases.append(run("LSTM", peepholes=True))
    cases.append(run("LSTM", input_forget=1))
    cases.append(run("LSTM", input_forget=1, peepholes=True))
    cases.append(run("LSTM", clip=0.5))
    cases.append(run("LSTM", **other))
    cases.append(run("LSTM", **other, clip=0.8, peepholes=True))
    cases.append(run("LSTM", **other, clip=0.8, peepholes=True, input_forget=1))

    for reset_after in 0, 1:
        reset = {"linear_before_reset": reset_after}
        other = {"activations": ["HardSigmoid", "Elu"], "activation_alpha": [0.3, 0.6], "activation_beta": [0.45]}
        cases.append(run("GRU", **reset))
        cases.append(run("GRU", **reset, clip=0.5))
        cases.append(run("GRU", **reset, **other))
        cases.append(run("GRU", **reset, **other, clip=0.8))

    print("[\n  " + ",\n  ".join(json.dumps(case) for case in cases) + "\n]")


main()
