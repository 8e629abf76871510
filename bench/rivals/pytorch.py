"""PyTorch: its own recurrent layers. The protocol is that of contender.ts, the numbers those of numbers.ts."""
import json
import math
import sys
import time

import numpy as np
import torch
from torch import nn

PRIME, INPUT, OUTPUT_GRADIENT, TOKENS = 20011, 1001, 1002, 1003
LEARNING_RATE, CLIP_NORM = {"adam": 2e-3, "sgd": 1.0}, 5
SAMPLE_S, WARM_UP_S = 0.25, 0.5


def integers(n, size):
    a = (np.arange(size, dtype=np.int64) * 7919 + n * 104729) % PRIME
    return (a * a + 3 * a) % PRIME


def values(n, shape, scale=1.0):
    data = (integers(n, math.prod(shape)) / PRIME * 2 - 1) * scale
    return torch.from_numpy(data.astype(np.float32).reshape(shape))


def sample(tensor):
    flat = tensor.detach().flatten()
    return [flat[i * len(flat) // 64].item() for i in range(64)]


def build(row):
    kind = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}[row["cell"]]
    net = nn.Module()
    if row["embedding"]:
        net.embedding = nn.Embedding(row["V"], row["I"])
    net.rnn = kind(row["I"], row["H"], row["layers"], bidirectional=row["bidirectional"])
    if row["V"]:
        net.output = nn.Linear(row["H"], row["V"])
    with torch.no_grad():
        for n, parameter in enumerate(net.parameters()):
            parameter.copy_(values(n, parameter.shape, 1 / math.sqrt(row["H"])))
    return net


def train(row, net):
    text = integers(TOKENS, (row["T"] + 1) * row["B"]) % row["V"]
    text = torch.from_numpy(text.reshape(row["T"] + 1, row["B"]))
    x, y = text[:-1], text[1:].flatten()
    if not row["embedding"]:
        x = nn.functional.one_hot(x, row["V"]).float()
    kind = {"adam": torch.optim.Adam, "sgd": torch.optim.SGD}[row["optimizer"]]
    optimizer = kind(net.parameters(), lr=LEARNING_RATE[row["optimizer"]])

    def run():
        optimizer.zero_grad()
        hidden, _ = net.rnn(net.embedding(x) if row["embedding"] else x)
        loss = nn.functional.cross_entropy(net.output(hidden).flatten(0, 1), y)
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), CLIP_NORM)
        optimizer.step()
        return loss.item()

    return run, lambda: [run(), run()]


def forward(row, net):
    x = values(INPUT, (row["T"], row["B"], row["I"]))

    def run():
        with torch.inference_mode():
            return net.rnn(x)[0]

    return run, lambda: sample(run())


def gradients(row, net):
    x = values(INPUT, (row["T"], row["B"], row["I"])).requires_grad_()
    dy = values(OUTPUT_GRADIENT, (row["T"], row["B"], row["H"] * (2 if row["bidirectional"] else 1)))

    def run():
        net.zero_grad()
        x.grad = None
        net.rnn(x)[0].backward(dy)

    def outcome():
        run()
        return sample(net.rnn.weight_hh_l0.grad)

    return run, outcome


def stream(row, net):
    x = values(INPUT, (1, 1, row["I"]))
    states = None

    def run():
        nonlocal states
        with torch.inference_mode():
            y, states = net.rnn(x, states)
            return y

    return run, lambda: sample([run() for _ in range(3)][-1])


def timed(run, at_least):
    start, calls, elapsed = time.perf_counter(), 0, 0.0
    while calls == 0 or elapsed < at_least:
        run()
        calls += 1
        elapsed = time.perf_counter() - start
    return elapsed / calls * 1000


def say(message):
    print(json.dumps(message), flush=True)


row = json.loads(sys.argv[1])
torch.set_num_threads(row["threads"])
torch.set_num_interop_threads(1)
task = {"train": train, "forward": forward, "gradients": gradients, "stream": stream}[row["task"]]
run, outcome = task(row, build(row))
first = outcome()
start = time.perf_counter()
ms = timed(run, 0)
while time.perf_counter() - start < WARM_UP_S:
    ms = timed(run, 0)
say({"outcome": first, "ms": ms})
for _ in sys.stdin:
    say({"ms": timed(run, SAMPLE_S)})
