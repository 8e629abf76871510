"""Writes safetensors files of other hands, and a cases.json that lists them, into the folder files beside this script.

    pip install torch==2.13.0 safetensors==0.8.0
    python3 make_files.py                  # the files of the tests; `deno task conformance tests/formats/files`

Kinds:

bad_safetensors   a file that must be refused (`config.expect` is `reject`), or may be (`either`)
edge_safetensors  an unusual file that must be read; `config.values` are the elements of each tensor, flat: strings for
                  NaN, infinities, -0 and integers of 64 bits
char_lm           a language model over characters, and a JSON file (`json`) with `vocab`, `generations` (the most
                  probable character each time), `heldout_text` and `heldout_per_char_nll`; by PyTorch in float64

`reference` is what the official reader says.
"""

import json
import pathlib
import struct

import safetensors
import torch
from safetensors.torch import save
from torch import nn

FOLDER = pathlib.Path(__file__).parent / "files"
CASES = []
TYPES = {
    torch.bool: [0, 1], torch.uint8: [0, 255], torch.int8: [-128, 127], torch.int16: [-32768, 32767],
    torch.uint16: [0, 65535], torch.int32: [-2**31, 2**31 - 1], torch.uint32: [0, 2**32 - 1],
    torch.int64: [-2**63, 2**63 - 1], torch.uint64: [0, 2**64 - 1],
    torch.float16: [65504, 2**-24, float("nan"), float("-inf")], torch.bfloat16: [1.0078125, 2.0**-133, -0.0],
    torch.float32: [0.1, 2.0**-149, float("inf")], torch.float64: [0.1, 5e-324, -0.0],
}


def add(name, kind, content, notes, config, **more):
    (FOLDER / f"{name}.safetensors").write_bytes(content)
    CASES.append({"name": name, "kind": kind, "config": config, "file": f"{name}.safetensors", "tolerance": None,
                  "notes": notes, "generator": "make_files.py", **more})


def official(content):
    try:
        return "accepts " + ",".join(sorted(name for name, _ in safetensors.deserialize(content)))
    except safetensors.SafetensorError as error:
        return f"rejects: {error}"


def raw(header, data=b"", length=None):
    text = header if isinstance(header, bytes) else json.dumps(header, separators=(",", ":")).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def tensor(begin, end, shape=None, dtype="F32"):
    return {"dtype": dtype, "shape": [(end - begin) // 4] if shape is None else shape, "data_offsets": [begin, end]}


def bad(name, content, notes, expect="reject"):
    add(f"bad_{name}", "bad_safetensors", content, notes, {"expect": expect},
        reference={f"safetensors {safetensors.__version__}": official(content)})


def edge(name, content, values, notes=""):
    add(f"edge_{name}", "edge_safetensors", content, notes, {"expect": "accept", "values": values},
        reference={f"safetensors {safetensors.__version__}": official(content)})


def plain(value):
    """As JSON has it, without loss."""
    if isinstance(value, int):
        return value if abs(value) < 2**53 else str(value)
    exact = value == value and abs(value) != float("inf") and str(value) != "-0.0"
    return value if exact else {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity", "-0.0": "-0"}[str(value)]


def bad_files():
    a, four = {"a": tensor(0, 4)}, bytes(4)
    bad("empty_file", b"", "not even a length")
    bad("cut_length", b"\x10\0\0", "fewer than 8 bytes")
    bad("length_2_63", raw(a, four, 2**63), "a length that no file has")
    bad("length_0", raw(b"", b""), "no header")
    bad("hole", raw({"a": tensor(0, 4), "b": tensor(8, 12)}, bytes(12)), "bytes between two tensors")
    bad("tail", raw(a, bytes(8)), "bytes behind the last tensor")
    bad("end_before_begin", raw({"a": tensor(4, 0, [1])}, four), "end < begin")
    bad("negative_shape", raw({"a": tensor(0, 4, [-1])}, four), "a negative extent")
    bad("wrong_size", raw({"a": tensor(0, 4, [2])}, four), "4 bytes for 2 elements")
    bad("not_utf8", raw(b'{"\xff":' + json.dumps(a["a"]).encode() + b"}", four), "a name that is not UTF-8")
    bad("not_json", raw(b'{"a":', b""), "a header that ends within")
    bad("no_object", raw(b"[]"), "a header that is a list")
    bad("metadata_number", raw({"__metadata__": {"k": 1}}), "metadata that is not text")
    bad("duplicate", raw(b'{"a":%b,"a":%b}' % ((json.dumps(a["a"]).encode(),) * 2), four), "a name twice", "either")
    bad("nested", raw(b'{"a":' + b"[" * 5_000 + b"]" * 5_000 + b"}"), "deep nesting")


def edge_files():
    tensors = {str(dtype).removeprefix("torch."): torch.tensor(values, dtype=dtype) for dtype, values in TYPES.items()}
    values = {name: [plain(value) for value in stored.tolist()] for name, stored in tensors.items()}
    edge("all_types", save(tensors, {"format": "pt"}), values | {"bool": [0, 1]}, "as PyTorch writes them")
    odd = raw({"b": tensor(0, 1, [1], "U8"), "d": tensor(1, 9, [1], "F64"), "l": tensor(9, 17, [], "I64")},
              b"\x07" + struct.pack("<d", -2.5) + struct.pack("<q", -2**53 - 1))
    edge("odd_addresses", odd, {"b": [7], "d": [-2.5], "l": [str(-2**53 - 1)]}, "8-byte elements at odd addresses")
    edge("no_tensor", raw({"__metadata__": {"a": "b"}}), {}, "metadata only")
    edge("order", raw({"z": tensor(4, 8), "a": tensor(0, 4)}, struct.pack("<ff", 1, 2)), {"z": [2], "a": [1]},
         "data in another order than the header")


def char_lm(name, hidden=12, width=5, layers=2):
    torch.manual_seed(1)
    vocabulary = list("\n aehlrstué")
    size = len(vocabulary)
    net = nn.ModuleDict({"embedding": nn.Embedding(size, width), "rnn": nn.GRU(width, hidden, layers),
                         "decoder": nn.Linear(hidden, size)}).double()
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.copy_((parameter * 5).float())

    def log_probabilities(text):
        tokens = torch.tensor([vocabulary.index(character) for character in text])
        return net["decoder"](net["rnn"](net["embedding"](tokens))[0]).log_softmax(-1)

    def generation(prompt, length=40):
        text = prompt
        for _ in range(length):
            text += vocabulary[log_probabilities(text)[-1].argmax().item()]
        return {"prompt": prompt, "continuation": text[len(prompt):]}

    held_out = "the art has a lés\nsea shell earth "
    with torch.no_grad():
        picked = log_probabilities(held_out[:-1])
        nll = [-row[vocabulary.index(character)].item() for row, character in zip(picked, held_out[1:])]
        document = {"vocab": vocabulary, "generations": [generation("the "), generation("sé")],
                    "heldout_text": held_out, "heldout_per_char_nll": nll, "heldout_mean_nll": sum(nll) / len(nll)}
    config = {"mode": "GRU", "vocab": size, "embedding_dim": width, "hidden_size": hidden, "num_layers": layers}
    add(name, "char_lm", save({key: value.float() for key, value in net.state_dict().items()}), "random weights", config,
        json=f"{name}.json")
    # The sums have 12 terms of order 1: float32 is right to some 1e-6.
    CASES[-1]["tolerance"] = {"atol": 1e-4, "rtol": 1e-4, "mean_nll_abs": 1e-5, "greedy": "exact string"}
    (FOLDER / f"{name}.json").write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n")


bad_files()
edge_files()
char_lm("char_lm")
(FOLDER / "cases.json").write_text(json.dumps(CASES, indent=1) + "\n")
