"""PyTorch with its own recurrent layers, by the protocol of protocol.ts and with the numbers of numbers.ts."""
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


def build(workload):
    kind = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}[workload["cell"]]
    net = nn.Module()
    if workload["embedding"]:
        net.embedding = nn.Embedding(workload["V"], workload["I"])
    net.rnn = kind(workload["I"], workload["H"], workload["layers"], bidirectional=workload["bidirectional"])
    if workload["V"]:
        net.output = nn.Linear(workload["H"], workload["V"])
    with torch.no_grad():
        for n, parameter in enumerate(net.parameters()):
            parameter.copy_(values(n, parameter.shape, 1 / math.sqrt(workload["H"])))
    return net


def train(workload, net):
    text = integers(TOKENS, (workload["T"] + 1) * workload["B"]) % workload["V"]
    text = torch.from_numpy(text.reshape(workload["T"] + 1, workload["B"]))
    x, y = text[:-1], text[1:].flatten()
    if not workload["embedding"]:
        x = nn.functional.one_hot(x, workload["V"]).float()
    kind = {"adam": torch.optim.Adam, "sgd": torch.optim.SGD}[workload["optimizer"]]
    optimizer = kind(net.parameters(), lr=LEARNING_RATE[workload["optimizer"]])

    def run():
        optimizer.zero_grad()
        hidden, _ = net.rnn(net.embedding(x) if workload["embedding"] else x)
        loss = nn.functional.cross_entropy(net.output(hidden).flatten(0, 1), y)
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), CLIP_NORM)
        optimizer.step()
        return loss.item()

    return run, lambda: [run(), run()]


def forward(workload, net):
    x = values(INPUT, (workload["T"], workload["B"], workload["I"]))

    def run():
        with torch.inference_mode():
            return net.rnn(x)[0]

    return run, lambda: sample(run())


def gradients(workload, net):
    x = values(INPUT, (workload["T"], workload["B"], workload["I"])).requires_grad_()
    width = workload["H"] * (2 if workload["bidirectional"] else 1)
    dy = values(OUTPUT_GRADIENT, (workload["T"], workload["B"], width))

    def run():
        net.zero_grad()
        x.grad = None
        net.rnn(x)[0].backward(dy)

    def outcome():
        run()
        return sample(net.rnn.weight_hh_l0.grad)

    return run, outcome


def stream(workload, net):
    x = values(INPUT, (1, 1, workload["I"]))
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


def send(message):
    print(json.dumps(message), flush=True)


workload = json.loads(sys.argv[1])
torch.set_num_threads(workload["threads"])
torch.set_num_interop_threads(1)
task = {"train": train, "forward": forward, "gradients": gradients, "stream": stream}[workload["task"]]
run, outcome = task(workload, build(workload))
first = outcome()
start = time.perf_counter()
ms = timed(run, 0)
while time.perf_counter() - start < WARM_UP_S:
    ms = timed(run, 0)
send({"outcome": first, "ms": ms})
for _ in sys.stdin:
    send({"ms": timed(run, SAMPLE_S)})
