"""Writes cases of encoder-decoder nets into the folder encoder_decoder beside this script: cases.json and a file for each.

    pip install torch==2.13.0 safetensors
    python3 make_encoder_decoder.py

PyTorch computes in float64 from inputs that are exact float32 numbers, then rounds to float32; the same in float32 says how far
that is off, as a share of the tolerance. The modules below are written from the papers' equations, with PyTorch's own recurrent
layers and packed sequences. A cell that reads torch.cat((x, context)) has both weights in its weight_ih; here they
are kept apart, as weight_ih_l0 and weight_ch_l0.

Tensors: src (S, B), src_lengths, tgt_in (T, B), tgt_out (T, B), in which -100 does not count; parameters under the library's names;
output (T, B, V), one attention (T, B, S) for each, loss, grad.<parameter>.
"""

import json
import pathlib

import torch
from safetensors.torch import save
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

FOLDER = pathlib.Path(__file__).parent / "encoder_decoder"
TOLERANCE = {"atol": 1e-4, "rtol": 1e-4}
SOURCE, TARGET, EMBEDDING, HIDDEN, WIDTH = 9, 7, 5, 6, 4
S, T, LENGTHS = 6, 4, [4, 6, 1, 3]
B = len(LENGTHS)
CASES = []


class Encoder(nn.Module):
    def __init__(self, kind, bidirectional):
        super().__init__()
        self.embedding = nn.Embedding(SOURCE, EMBEDDING)
        self.rnn = kind(EMBEDDING, HIDDEN, bidirectional=bidirectional)

    def forward(self, tokens):
        packed = pack_padded_sequence(self.embedding(tokens), torch.tensor(LENGTHS), enforce_sorted=False)
        outputs, states = self.rnn(packed)
        return pad_packed_sequence(outputs, total_length=S)[0], states if isinstance(states, tuple) else (states,)


class Bridge(nn.Module):
    """One dense layer for each kind of state, over both directions side by side, and tanh."""

    def __init__(self, names, bidirectional):
        super().__init__()
        if not bidirectional:
            return
        self.rnn = nn.ModuleDict({f"{name}_l0": nn.Linear(2 * HIDDEN, HIDDEN) for name in names})

    def forward(self, states):
        if not hasattr(self, "rnn"):
            return [state[0] for state in states]
        return [torch.tanh(layer(torch.cat(tuple(state), 1))) for layer, state in zip(self.rnn.values(), states)]


def attend(scores, memory):
    """Scores (B, S) to weights and context, padding left out."""
    mask = torch.arange(S)[None] >= torch.tensor(LENGTHS)[:, None]
    weights = scores.masked_fill(mask, -torch.inf).softmax(1)
    return weights, torch.einsum("bs,sbm->bm", weights, memory)


class Bahdanau(nn.Module):
    """A decoder whose cell reads the embedding and a context that its state before the step has chosen."""

    def __init__(self, cell, source):
        super().__init__()
        self.embedding = nn.Embedding(TARGET, EMBEDDING)
        self.rnn = cell(EMBEDDING + source, HIDDEN)
        self.query, self.key = nn.Linear(HIDDEN, WIDTH, bias=False), nn.Linear(source, WIDTH, bias=False)
        self.score = nn.Parameter(torch.randn(WIDTH))
        self.output = nn.Linear(HIDDEN, TARGET)

    def forward(self, tokens, states, memory):
        keys, outputs, seen = self.key(memory), [], []
        for x in self.embedding(tokens):
            weights, context = attend(((self.query(states[0]) + keys).tanh() @ self.score).T, memory)
            given = torch.cat((x, context), 1)
            states = self.rnn(given, tuple(states)) if len(states) == 2 else [self.rnn(given, states[0])]
            outputs.append(self.output(states[0]))
            seen.append(weights)
        return torch.stack(outputs), torch.stack(seen)


class Luong(nn.Module):
    """A decoder whose outputs choose a context, and go on together with it."""

    def __init__(self, kind, source, score):
        super().__init__()
        self.kind = score
        self.embedding = nn.Embedding(TARGET, EMBEDDING)
        self.rnn = kind(EMBEDDING, HIDDEN)
        width = source if score == "general" else HIDDEN
        if score != "dot":
            self.query = nn.Linear(HIDDEN, width, bias=False)
        if score == "concat":
            self.key, self.score = nn.Linear(source, width, bias=False), nn.Parameter(torch.randn(width))
        self.combine = nn.Linear(source + HIDDEN, HIDDEN, bias=False)
        self.output = nn.Linear(HIDDEN, TARGET)

    def scores(self, h, memory):
        if self.kind == "concat":
            return ((self.query(h) + self.key(memory)).tanh() @ self.score).T
        return torch.einsum("bm,sbm->bs", h if self.kind == "dot" else self.query(h), memory)

    def forward(self, tokens, states, memory):
        states = [state[None].contiguous() for state in states]
        hidden, _ = self.rnn(self.embedding(tokens), tuple(states) if len(states) == 2 else states[0])
        outputs, seen = [], []
        for h in hidden:
            weights, context = attend(self.scores(h, memory), memory)
            outputs.append(self.output(self.combine(torch.cat((context, h), 1)).tanh()))
            seen.append(weights)
        return torch.stack(outputs), torch.stack(seen)


class Net(nn.Module):
    def __init__(self, cell, bidirectional, attention):
        super().__init__()
        layer, step = {"LSTM": (nn.LSTM, nn.LSTMCell), "GRU": (nn.GRU, nn.GRUCell)}[cell]
        source = HIDDEN * (2 if bidirectional else 1)
        self.encoder = Encoder(layer, bidirectional)
        self.bridge = Bridge("hc" if cell == "LSTM" else "h", bidirectional)
        self.decoder = Bahdanau(step, source) if attention == "bahdanau" else Luong(layer, source, attention)

    def forward(self, source, target):
        memory, states = self.encoder(source)
        return self.decoder(target, self.bridge(states), memory)


def named(attention, name, tensor):
    """The library's names for a parameter, or its gradient, and what of the tensor they have."""
    if attention != "bahdanau":
        names = {"query.weight": "weight_query", "key.weight": "weight_key", "score": "weight_score", "combine.weight": "weight"}
        for theirs, ours in names.items():
            if name == f"decoder.{theirs}":
                return {f"decoder.attention.{ours}": tensor}
        return {name: tensor}
    for theirs, ours in {"query.weight": "weight_query", "key.weight": "weight_key", "score": "weight_score"}.items():
        if name == f"decoder.{theirs}":
            return {f"decoder.rnn.{ours}_l0": tensor}
    if name == "decoder.rnn.weight_ih":
        return {f"{name}_l0": tensor[:, :EMBEDDING], "decoder.rnn.weight_ch_l0": tensor[:, EMBEDDING:]}
    return {f"{name}_l0" if name.startswith("decoder.rnn.") else name: tensor}


def add(name, seed, **config):
    torch.manual_seed(seed)
    net = Net(**config)
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.mul_(1.5)
    source, target = torch.randint(SOURCE, (S, B)), torch.randint(TARGET, (T, B))
    wanted = torch.randint(TARGET, (T, B))
    wanted[2:, 1], wanted[3:, 2] = -100, -100

    def run(dtype):
        module = net.to(dtype)
        module.zero_grad()
        output, weights = module(source, target)
        loss = nn.functional.cross_entropy(output.flatten(0, 1), wanted.flatten())
        loss.backward()
        found = {"output": output, "attention": weights, "loss": loss}
        for parameter, value in module.named_parameters():
            for own, part in named(config["attention"], parameter, value.grad).items():
                found[f"grad.{own}"] = part
        return {key: value.detach().double().clone() for key, value in found.items()}

    got, want = run(torch.float32), run(torch.float64)
    share = max(((got[key] - value).abs() / (TOLERANCE["atol"] + TOLERANCE["rtol"] * value.abs())).max().item()
                for key, value in want.items())
    stored = {"src": source, "src_lengths": torch.tensor(LENGTHS), "tgt_in": target, "tgt_out": wanted, **want}
    for parameter, value in net.named_parameters():
        stored.update(named(config["attention"], parameter, value.detach()))
    content = save({key: (value.float() if value.is_floating_point() else value.int()).contiguous().clone()
                    for key, value in stored.items()})
    (FOLDER / f"{name}.safetensors").write_bytes(content)
    sizes = {"source": SOURCE, "target": TARGET, "embedding": EMBEDDING, "hidden": HIDDEN, "width": WIDTH}
    CASES.append({"name": name, "kind": "encoder_decoder", "generator": "make_encoder_decoder.py",
                  "config": {**config, **sizes, "batch": B, "src_len": S, "tgt_len": T}, "file": f"{name}.safetensors",
                  "tolerance": {**TOLERANCE, "measured_float32_torch": {"max_ratio": float(f"{share:.2e}")}},
                  "notes": ""})


class Plain(nn.Module):
    """Without attention: all that the decoder knows are the encoder's last states."""

    def __init__(self, kind, layers):
        super().__init__()
        self.src_embedding, self.tgt_embedding = nn.Embedding(SOURCE, EMBEDDING), nn.Embedding(TARGET, EMBEDDING)
        self.encoder, self.decoder = kind(EMBEDDING, HIDDEN, layers), kind(EMBEDDING, HIDDEN, layers)
        self.output = nn.Linear(HIDDEN, TARGET)

    def forward(self, source, target):
        packed = pack_padded_sequence(self.src_embedding(source), torch.tensor(LENGTHS), enforce_sorted=False)
        _, states = self.encoder(packed)
        return self.output(self.decoder(self.tgt_embedding(target), states)[0])


def train(name, seed, mode, layers, optimizer, options, clip, steps=10):
    """A case of the kind "training": src (S, B), src_lengths, tgt_in and tgt_out (T, B), the same at every step."""
    torch.manual_seed(seed)
    net = Plain(getattr(nn, mode), layers)
    source, target, wanted = (torch.randint(limit, (rows, B)) for limit, rows in ((SOURCE, S), (TARGET, T), (TARGET, T)))
    wanted[2:, 1], wanted[3:, 2] = -100, -100
    initial = {key: value.clone() for key, value in net.state_dict().items()}

    def run(dtype):
        net.load_state_dict(initial)
        module = net.to(dtype)
        steps_of = getattr(torch.optim, optimizer)(module.parameters(), **options)
        found = {"loss": [], "grad_norm": []}
        for step in range(steps):
            steps_of.zero_grad()
            loss = nn.functional.cross_entropy(module(source, target).flatten(0, 1), wanted.flatten())
            loss.backward()
            found["grad_norm"].append(nn.utils.clip_grad_norm_(module.parameters(), clip).item())
            found["loss"].append(loss.item())
            steps_of.step()
            if step in (0, steps - 1):
                prefix = "after1" if step == 0 else "final"
                found.update({f"{prefix}.{key}": value.double().clone() for key, value in module.state_dict().items()})
        return {key: torch.tensor(value) if isinstance(value, list) else value for key, value in found.items()}

    got, want = run(torch.float32), run(torch.float64)
    tolerance = {group: {"atol": 1e-5 if group in ("loss", "grad_norm") else 1e-4, "rtol": 1e-4}
                 for group in ("loss", "grad_norm", "after1", "final")}
    share = max(((got[key] - value).abs() / (1e-5 + 1e-4 * value.abs())).max().item() for key, value in want.items())
    stored = {"src": source, "src_lengths": torch.tensor(LENGTHS), "tgt_in": target, "tgt_out": wanted, **initial, **want}
    content = save({key: (value.float() if value.is_floating_point() else value.int()).contiguous().clone()
                    for key, value in stored.items()})
    (FOLDER / f"{name}.safetensors").write_bytes(content)
    CASES.append({"name": name, "kind": "training", "generator": "make_encoder_decoder.py",
                  "config": {"task": "seq2seq", "mode": mode, "num_layers": layers, "batch": B, "steps": steps,
                             "optimizer": optimizer, "optimizer_options": options, "clip_grad_norm": clip,
                             "ignore_index": -100},
                  "file": f"{name}.safetensors",
                  "tolerance": {**tolerance, "measured_float32_torch": {"loss": {"max_ratio": float(f"{share:.2e}")}}},
                  "notes": "teacher forcing"})


FOLDER.mkdir(exist_ok=True)
add("bahdanau_gru_bidirectional", 1, cell="GRU", bidirectional=True, attention="bahdanau")
add("bahdanau_lstm", 2, cell="LSTM", bidirectional=False, attention="bahdanau")
add("luong_dot_lstm", 3, cell="LSTM", bidirectional=False, attention="dot")
add("luong_general_gru_bidirectional", 4, cell="GRU", bidirectional=True, attention="general")
add("luong_concat_lstm_bidirectional", 5, cell="LSTM", bidirectional=True, attention="concat")
train("train_lstm_adam", 6, "LSTM", 2, "Adam", {"lr": 0.01}, 0.5)
train("train_gru_sgd", 7, "GRU", 1, "SGD", {"lr": 0.5, "momentum": 0.9}, 0.3)
(FOLDER / "cases.json").write_text(json.dumps(CASES, indent=2) + "\n")
