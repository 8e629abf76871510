"""Writes models.json: ONNX models, with inputs and their outputs in onnxruntime.

    pip install onnx==1.23.2 onnxruntime==1.32.0 torch==2.13.0
    python3 make_models.py > models.json && deno fmt models.json

Single recurrent nodes with their attributes and inputs in many combinations, drawn at random, and nets that PyTorch exports. All
binary data is base64; tensors are little-endian.
"""
import base64
import io
import json
import random
import warnings
import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper
from torch import nn

T, B, I, H = 5, 3, 3, 4
GATES = {"RNN": 1, "GRU": 3, "LSTM": 4}
FUNCTIONS = [
    ("Tanh", 0), ("Sigmoid", 0), ("Relu", 0), ("Affine", 2), ("LeakyRelu", 1), ("ThresholdedRelu", 1),
    ("ScaledTanh", 2), ("HardSigmoid", 2), ("Elu", 1), ("Softsign", 0), ("Softplus", 0),
]
# With unbounded gates, states and their errors would grow from step to step.
BOUNDED = [f for f in FUNCTIONS if f[0] in ("Tanh", "Sigmoid", "ScaledTanh", "HardSigmoid", "Softsign")]
rng = np.random.default_rng(7)
draw = random.Random(7)


def floats(*shape):
    return rng.uniform(-1, 1, shape).astype(np.float32)


def text(data):
    return base64.b64encode(data).decode()


def tensor(array):
    array = np.ascontiguousarray(array)
    return {"type": str(array.dtype), "shape": list(array.shape), "data": text(array.tobytes())}


def case(name, model, sets):
    """A case; `sets` are lists of inputs and outputs by name."""
    data = [{"inputs": {k: tensor(v) for k, v in i.items()}, "outputs": {k: tensor(v) for k, v in o.items()}} for i, o in sets]
    return {"name": name, "model": text(model), "sets": data}


def run(model, inputs):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    return dict(zip([o.name for o in session.get_outputs()], session.run(None, inputs)))


def build(op, inputs, names, outputs, attributes, shapes):
    values = [helper.make_tensor_value_info(n, helper.np_dtype_to_tensor_dtype(v.dtype), v.shape) for n, v in inputs.items()]
    results = [helper.make_tensor_value_info(n, TensorProto.FLOAT, shapes[n]) for n in outputs if n]
    graph = helper.make_graph([helper.make_node(op, names, outputs, **attributes)], "g", values, results)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)], ir_version=8)
    return model.SerializeToString()


def node(op):
    """A recurrent node with random attributes and optional inputs."""
    direction = draw.choice(["forward", "reverse", "bidirectional"])
    D, G = 2 if direction == "bidirectional" else 1, GATES[op]
    attributes = {"hidden_size": H, "direction": direction}
    batch_first = draw.random() < 0.3
    inputs = {"X": floats(T, B, I), "W": floats(D, G * H, I), "R": floats(D, G * H, H)}
    optional = {"B": floats(D, 2 * G * H), "lengths": rng.integers(1, T + 1, B).astype(np.int32), "h": floats(D, B, H)}
    if op == "LSTM":
        optional |= {"c": 2 * floats(D, B, H), "P": floats(D, 3 * H)}
        if draw.random() < 0.3:
            attributes["input_forget"] = 1
    if op == "GRU":
        attributes["linear_before_reset"] = draw.randint(0, 1)
    given = {k: v for k, v in optional.items() if draw.random() < 0.6}
    if draw.random() < 0.3:
        attributes["clip"] = round(draw.uniform(0.2, 0.9), 2)
    if draw.random() < 0.5:
        count = {"RNN": 1, "GRU": 2, "LSTM": 3}[op]
        chosen = [draw.choice(BOUNDED if count > 1 and i % count == 0 else FUNCTIONS) for i in range(D * count)]
        attributes["activations"] = [name for name, _ in chosen]
        alphas = [round(draw.uniform(0.1, 0.9), 2) for _, n in chosen if n > 0]
        betas = [round(draw.uniform(0.1, 0.9), 2) for _, n in chosen if n > 1]
        attributes |= ({"activation_alpha": alphas} if alphas else {}) | ({"activation_beta": betas} if betas else {})
    names = [*inputs] + [name if name in given else "" for name in optional]
    while not names[-1]:
        names.pop()
    inputs |= given
    outputs = ["Y", "Y_h", "Y_c"] if op == "LSTM" else ["Y", "Y_h"]
    shapes = {"Y": [T, D, B, H], "Y_h": [D, B, H], "Y_c": [D, B, H]}
    results = run(build(op, inputs, names, outputs, attributes, shapes), inputs)
    if batch_first:
        # onnxruntime has layout 0 only; layout 1 is the same with batches in front.
        attributes["layout"] = 1
        inputs |= {k: np.swapaxes(inputs[k], 0, 1) for k in ("X", "h", "c") if k in inputs}
        results = {k: np.transpose(v, (2, 0, 1, 3)) if k == "Y" else np.swapaxes(v, 0, 1) for k, v in results.items()}
        shapes = {k: list(v.shape) for k, v in results.items()}
    kept = [name if name == "Y_h" or draw.random() < 0.8 else "" for name in outputs]
    model = build(op, inputs, names, kept, attributes, shapes)
    attributes.pop("hidden_size")
    about = " ".join([op, *given, json.dumps(attributes)])
    return case(about, model, [(inputs, {k: v for k, v in results.items() if k in kept})])


class Tagger(nn.Module):
    def __init__(self, kind, layers=1, bidirectional=False, batch_first=False, head="all", packed=False, **options):
        super().__init__()
        self.embedding = nn.Embedding(11, 6)
        self.rnn = getattr(nn, kind)(6, 5, layers, bidirectional=bidirectional, batch_first=batch_first, **options)
        self.decoder = nn.Linear(10 if bidirectional else 5, 4)
        self.head, self.batch_first, self.packed = head, batch_first, packed

    def forward(self, x, lengths=None):
        x = self.embedding(x)
        if self.packed:
            x = nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=self.batch_first)
        y, states = self.rnn(x)
        if self.packed:
            y, _ = nn.utils.rnn.pad_packed_sequence(y, batch_first=self.batch_first)
        h = states[0] if isinstance(states, tuple) else states
        if self.head == "last":
            return self.decoder(y[:, -1] if self.batch_first else y[-1])
        if self.head == "states":
            return self.decoder(torch.cat([h[-2], h[-1]], 1) if self.rnn.bidirectional else h[-1])
        if self.head == "flat":
            return torch.log_softmax(self.decoder(y).view(-1, 4), 1)
        if self.head == "tanh":
            return torch.tanh(self.decoder(torch.relu(y))), h
        return self.decoder(y)


class Stack(nn.Module):
    """A module with values and initial states as inputs, and all states as outputs."""

    def __init__(self, kind, layers):
        super().__init__()
        self.rnn = getattr(nn, kind)(3, 4, layers)

    def forward(self, x, *states):
        y, last = self.rnn(x, states if len(states) == 2 else states[0])
        return (y, *last) if isinstance(last, tuple) else (y, last)


def export(name, net, calls, opset=14, dynamic=None, folding=True):
    net.eval()
    file = io.BytesIO()
    inputs = [f"in{i}" for i in range(len(calls[0]))]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        options = {"dynamic_axes": dynamic, "do_constant_folding": folding, "dynamo": False}
        first = net(*calls[0])
        outputs = [f"out{i}" for i in range(len(first) if isinstance(first, tuple) else 1)]
        torch.onnx.export(net, calls[0], file, input_names=inputs, output_names=outputs, opset_version=opset, **options)
    model, sets = file.getvalue(), []
    for call in calls:
        given = {k: v.numpy() for k, v in zip(inputs, call)}
        sets.append((given, run(model, given)))
    return case(f"{name} opset {opset}", model, sets)


def tokens(*shape):
    return torch.from_numpy(rng.integers(0, 11, shape))


def values(*shape):
    return torch.from_numpy(floats(*shape))


def exports():
    torch.manual_seed(3)
    any_size = {"in0": {0: "batch", 1: "time"}, "out0": {0: "batch", 1: "time"}}
    two = [(tokens(2, 5),), (tokens(3, 7),)]
    for kind, opset in ("GRU", 9), ("LSTM", 11), ("RNN", 13), ("LSTM", 17):
        yield export(f"{kind} batch first", Tagger(kind, 2, True, True), two, opset, any_size)
    yield export("LSTM unfolded", Tagger("LSTM", 2, True), [(tokens(5, 2),)], 13, None, False)
    yield export("GRU no bias", Tagger("GRU", 2, bias=False), [(tokens(5, 2),)])
    yield export("RNN relu", Tagger("RNN", nonlinearity="relu", head="tanh"), [(tokens(5, 2),)])
    yield export("LSTM last", Tagger("LSTM", 1, batch_first=True, head="last"), two, 14, {"in0": {0: "n", 1: "t"}, "out0": {0: "n"}})
    yield export("GRU states", Tagger("GRU", 1, True, True, head="states"), two, 14, {"in0": {0: "n", 1: "t"}, "out0": {0: "n"}})
    yield export("LSTM flat", Tagger("LSTM", 1, head="flat"), [(tokens(5, 2),)])
    lengths = [(tokens(6, 3), torch.tensor([6, 4, 2])), (tokens(6, 3), torch.tensor([6, 6, 1]))]
    yield export("LSTM packed", Tagger("LSTM", 2, True, packed=True), lengths)
    yield export("LSTM initial states", Stack("LSTM", 2), [(values(4, 2, 3), values(2, 2, 4), values(2, 2, 4))])
    yield export("GRU initial states", Stack("GRU", 2), [(values(4, 2, 3), values(2, 2, 4))])


cases = [node(op) for op in GATES for _ in range(16)] + list(exports())
print("[\n  " + ",\n  ".join(json.dumps(case) for case in cases) + "\n]")
