"""Nets of a user of PyTorch: an Embedding, a recurrent module and a Linear, under names of the user's own.

    python3 torch_state_dict.py write FOLDER    # writes cases.json; of each case the state dict, tokens, and outputs
    python3 torch_state_dict.py read FOLDER     # loads NAME.saved.safetensors strictly, writes the outputs with it

Outputs are computed in float64. torch_test.ts runs both.
"""

import json
import pathlib
import sys

import torch
from safetensors.torch import load_file, save_file
from torch import nn

VOCABULARY, WIDTH, HIDDEN, CLASSES, STEPS, BATCH = 11, 5, 7, 3, 6, 4
CASES = {
    "rnn_tanh": {"mode": "RNN", "dtype": "float32"},
    "rnn_relu": {"mode": "RNN", "nonlinearity": "relu", "num_layers": 2, "dtype": "float64"},
    "gru": {"mode": "GRU", "num_layers": 2, "bidirectional": True, "dtype": "float32"},
    "gru_no_bias": {"mode": "GRU", "bias": False, "dtype": "bfloat16"},
    "lstm": {"mode": "LSTM", "num_layers": 2, "bidirectional": True, "dtype": "float16"},
    "lstm_projection": {"mode": "LSTM", "proj_size": 4, "dtype": "float32"},
    "lstm_projection_stack": {"mode": "LSTM", "proj_size": 3, "num_layers": 2, "bidirectional": True, "dtype": "float64"},
}


class Tagger(nn.Module):
    def __init__(self, mode, dtype, **options):
        super().__init__()
        self.encoder = nn.Embedding(VOCABULARY, WIDTH)
        self.body = getattr(nn, mode)(WIDTH, HIDDEN, **options)
        directions = 2 if options.get("bidirectional") else 1
        self.head = nn.Linear(directions * (options.get("proj_size") or HIDDEN), CLASSES)
        self.register_buffer("epochs", torch.tensor(12))
        self.to(getattr(torch, dtype))

    def forward(self, tokens):
        return self.head(self.body(self.encoder(tokens))[0])


def outputs(net, tokens):
    """With all parameters as they are, but in float64."""
    with torch.no_grad():
        return {"output": net.double()(tokens)}


def write(folder):
    for seed, (name, options) in enumerate(CASES.items()):
        torch.manual_seed(seed)
        net = nn.ModuleDict({"tagger": Tagger(**options)})
        tokens = torch.randint(0, VOCABULARY, (STEPS, BATCH))
        save_file(net.state_dict(), folder / f"{name}.safetensors")
        save_file({"tokens": tokens, **outputs(net["tagger"], tokens)}, folder / f"{name}.given.safetensors")
    (folder / "cases.json").write_text(json.dumps(CASES))


def read(folder):
    for name, options in CASES.items():
        net = nn.ModuleDict({"tagger": Tagger(**options | {"dtype": "float32"})})
        net.load_state_dict(load_file(folder / f"{name}.saved.safetensors"))
        tokens = load_file(folder / f"{name}.given.safetensors")["tokens"]
        save_file(outputs(net["tagger"], tokens), folder / f"{name}.read.safetensors")


{"write": write, "read": read}[sys.argv[1]](pathlib.Path(sys.argv[2]))
