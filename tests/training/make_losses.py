"""Writes cases of losses, in the format of tests/fixtures/make_fixtures.py, into the folder losses beside this script.

    pip install torch==2.13.0 safetensors
    python3 make_losses.py                 # the cases of the tests
    python3 make_losses.py FOLDER COUNT    # others: COUNT random ones of each kind, for `deno task conformance FOLDER`

Everything is computed by PyTorch in float64 from inputs that are exact float32 numbers, then rounded to float32. Kinds:

cross_entropy    logits, targets, class_weight; upstream dloss; loss, grad.logits
ctc_loss         logits (before log_softmax), targets, input_lengths, target_lengths; dloss; loss, grad.logits
element_loss     input (T, B, width), targets, pos_weight; dloss; loss, grad.input; `config.loss` is PyTorch's function
"""

import json
import pathlib
import random
import sys

import torch
from safetensors.torch import save
from torch.nn import functional as F

STRICT = {"atol": 1e-4, "rtol": 1e-4}
CASES = []
FOLDER = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).parent / "losses"


def add(name, kind, config, given, integers, function, source):
    """`function(given, leaf)` is the loss; `source` the tensor whose gradient is wanted."""

    def run(dtype):
        inputs = {key: value.to(dtype) if value.is_floating_point() else value for key, value in given.items()}
        leaf = inputs[source].clone().requires_grad_()
        loss = function({**inputs, source: leaf})
        loss.backward(inputs.get("dloss", torch.ones_like(loss)).to(dtype))
        return {"loss": loss.detach(), f"grad.{source}": leaf.grad}

    want, got = run(torch.float64), run(torch.float32)
    shares = {key: ((got[key].double() - value).abs() / (STRICT["atol"] + STRICT["rtol"] * value.abs())).max().item()
              for key, value in want.items()}
    worst = max(shares, key=shares.get)
    tolerance = dict(STRICT)
    advisory = not all(value.isfinite().all() for value in want.values())
    if not advisory:
        tolerance["measured_float32_torch"] = {"max_ratio": float(f"{shares[worst]:.2e}"), "worst": worst}
    stored = {**given, **want}
    stored = {key: value.float() if value.is_floating_point() else value.to(integers) for key, value in stored.items()}
    (FOLDER / f"{name}.safetensors").write_bytes(save({key: value.contiguous() for key, value in stored.items()}))
    CASES.append({"name": name, "kind": kind, "config": config, "file": f"{name}.safetensors", "tolerance": tolerance,
                  "notes": "", "generator": "make_losses.py", **({"advisory": True} if advisory else {})})


def drawn(*shape, scale=1.0):
    """Normal numbers that are exact in float32, as float64."""
    return (torch.randn(list(shape)) * scale).float().double()


def upstream(given, reduction, shape, wanted):
    if wanted:
        given["dloss"] = drawn(*(shape if reduction == "none" else []))


def cross_entropy(name, layout="(N,C)", sizes=(), rows=6, classes=5, ignored=(), ignore_index=-100, smoothing=0.0,
                  weighted=False, reduction="mean", dloss=False, scale=2, integers=torch.int32):
    dims = [rows, *sizes]
    at = layout.strip("()").split(",").index("C")
    logits = drawn(*dims, classes, scale=scale).movedim(-1, at)
    targets = torch.randint(0, classes, dims)
    targets.view(-1)[list(ignored)] = ignore_index
    given = {"logits": logits, "targets": targets}
    if weighted:
        given["class_weight"] = (torch.rand(classes) * 2).float().double()
    upstream(given, reduction, dims, dloss or reduction == "none")

    def function(inputs):
        x = inputs["logits"].movedim(at, 1) if inputs["logits"].dim() > 1 else inputs["logits"]
        return F.cross_entropy(x, inputs["targets"], weight=inputs.get("class_weight"), ignore_index=ignore_index,
                               reduction=reduction, label_smoothing=smoothing)

    config = {"ignore_index": ignore_index, "label_smoothing": smoothing, "reduction": reduction,
              "class_weight": weighted, "layout": layout}
    add(name, "cross_entropy", config, given, integers, function, "logits")


def ctc_loss(name, steps=9, batch=3, classes=5, blank=0, input_lengths=None, target_lengths=(2, 3, 1), columns=None,
             concatenated=False, zero_infinity=False, reduction="mean", dloss=False, scale=1, layout="(T,N,C)",
             repeats=False, integers=torch.int32):
    labels = [k for k in range(classes) if k != blank]
    rows = [[labels[random.randrange(len(labels))] for _ in range(n)] for n in target_lengths]
    if repeats:
        rows = [[row[i // 2 * 2] for i in range(len(row))] for row in rows]
    S = columns or max(1, *target_lengths)
    padded = torch.full((batch, S), blank)
    for b, row in enumerate(rows):
        padded[b, :len(row)] = torch.tensor(row, dtype=torch.long)
    targets = torch.tensor([label for row in rows for label in row], dtype=torch.long) if concatenated else padded
    batch_first = layout == "(N,T,C)"
    logits = drawn(steps, batch, classes, scale=scale)
    given = {
        "logits": logits.transpose(0, 1).contiguous() if batch_first else logits,
        "targets": targets,
        "input_lengths": torch.tensor(input_lengths or [steps] * batch),
        "target_lengths": torch.tensor(target_lengths),
    }
    upstream(given, reduction, [batch], dloss or reduction == "none")

    def function(inputs):
        x = inputs["logits"].transpose(0, 1) if batch_first else inputs["logits"]
        return F.ctc_loss(x.log_softmax(-1), inputs["targets"], inputs["input_lengths"], inputs["target_lengths"],
                          blank=blank, reduction=reduction, zero_infinity=zero_infinity)

    config = {"blank": blank, "reduction": reduction, "zero_infinity": zero_infinity, "layout": layout,
              "targets": "concatenated (sum(S))" if concatenated else "padded (N,S)"}
    add(name, "ctc_loss", config, given, integers, function, "logits")


def element_loss(name, loss, shape=(3, 2, 4), reduction="mean", dloss=False, weighted=False, scale=2, **options):
    given = {"input": drawn(*shape, scale=scale), "targets": drawn(*shape)}
    if loss.startswith("binary"):
        given["targets"] = torch.rand(*shape).round(decimals=1).float().double()
        given["targets"].view(-1)[::2] = given["targets"].view(-1)[::2].round()
    elif loss == "l1_loss":
        given["targets"].view(-1)[0] = given["input"].view(-1)[0]
    if weighted:
        given["pos_weight"] = (torch.rand(shape[-1]) * 3).float().double()
    upstream(given, reduction, [], dloss)

    def function(inputs):
        extra = {"pos_weight": inputs["pos_weight"]} if weighted else {}
        return getattr(F, loss)(inputs["input"], inputs["targets"], reduction=reduction, **options, **extra)

    config = {"loss": loss, "reduction": reduction, **options}
    add(name, "element_loss", config, given, torch.int64, function, "input")


def cases():
    for reduction in ("mean", "sum", "none"):
        cross_entropy(f"ce_{reduction}", reduction=reduction, ignored=[1], integers=torch.int64)
        cross_entropy(f"ce_{reduction}_smooth_weighted", reduction=reduction, ignored=[0, 5], smoothing=0.2,
                      weighted=True, dloss=True)
        ctc_loss(f"ctc_{reduction}", reduction=reduction, input_lengths=[5, 9, 7], dloss=True)
        ctc_loss(f"ctc_{reduction}_concatenated", reduction=reduction, concatenated=True, blank=2, integers=torch.int64)
    cross_entropy("ce_weighted", weighted=True, ignored=[2], ignore_index=4)
    cross_entropy("ce_smooth_all", smoothing=1.0, scale=30)
    cross_entropy("ce_dimensions", layout="(N,C,d1,d2)", sizes=(2, 3), rows=2, smoothing=0.1, ignored=[3])
    cross_entropy("ce_time", layout="(T,N,C)", sizes=(3,), rows=4, weighted=True, reduction="none")
    cross_entropy("ce_none_counts", ignored=range(6))
    cross_entropy("ce_none_counts_sum", ignored=range(6), reduction="sum", smoothing=0.1)
    for reduction in ("mean", "none"):
        ctc_loss(f"ctc_empty_{reduction}", target_lengths=(0, 4, 0), reduction=reduction, columns=6)
        ctc_loss(f"ctc_zero_infinity_{reduction}", steps=6, input_lengths=[2, 6, 5], target_lengths=(3, 4, 3),
                 reduction=reduction, zero_infinity=True, repeats=True)
    ctc_loss("ctc_infinite", steps=3, input_lengths=[2, 3, 3], target_lengths=(3, 2, 1))
    ctc_loss("ctc_all_empty", target_lengths=(0, 0, 0), concatenated=False, columns=2)
    ctc_loss("ctc_repeats_last_blank", steps=12, target_lengths=(4, 5, 3), blank=4, repeats=True, scale=3)
    ctc_loss("ctc_batch_first", layout="(N,T,C)", concatenated=True, input_lengths=[9, 6, 8])
    ctc_loss("ctc_long", steps=60, batch=2, target_lengths=(20, 11), classes=7, input_lengths=[60, 41], scale=4)
    for loss, options in (("mse_loss", {}), ("l1_loss", {}), ("huber_loss", {"delta": 0.7}),
                          ("smooth_l1_loss", {"beta": 0.4}), ("binary_cross_entropy_with_logits", {})):
        for reduction in ("mean", "sum"):
            element_loss(f"{loss}_{reduction}", loss, reduction=reduction, dloss=reduction == "sum",
                         weighted=loss.startswith("binary") and reduction == "sum", **options)
    element_loss("binary_far", "binary_cross_entropy_with_logits", scale=40, weighted=True)


def random_cases(count):
    pick = random.choice
    for i in range(count):
        rows, classes = random.randint(1, 12), random.randint(1, 40)
        layout, sizes = pick([("(N,C)", ()), ("(N,C,d1)", (random.randint(1, 5),)), ("(N,C,d1,d2)", (2, 3))])
        total = rows * torch.Size(sizes).numel()
        cross_entropy(
            f"ce_{i}", layout, sizes, rows, classes, ignored=random.sample(range(total), random.randint(0, total // 2)),
            ignore_index=pick([-100, -1, classes - 1, 255]), smoothing=pick([0.0, 0.1, 0.5]), weighted=pick([True, False]),
            reduction=pick(["mean", "sum", "none"]), dloss=pick([True, False]), scale=pick([0.1, 1, 5, 30]),
            integers=pick([torch.int32, torch.int64]),
        )
        batch, steps, classes = random.randint(1, 6), random.randint(1, 50), random.randint(2, 30)
        zero_infinity = pick([True, False])
        input_lengths = [random.randint((steps + 1) // 2, steps) for _ in range(batch)]
        room = [steps if zero_infinity else n // 2 for n in input_lengths]
        ctc_loss(
            f"ctc_{i}", steps, batch, classes, random.randrange(classes), input_lengths,
            [random.randint(0, n) for n in room], columns=pick([None, steps + 3]), concatenated=pick([True, False]),
            zero_infinity=zero_infinity, reduction=pick(["mean", "sum", "none"]), dloss=pick([True, False]),
            scale=pick([0.1, 1, 5, 15]), layout=pick(["(T,N,C)", "(N,T,C)"]), repeats=pick([True, False]),
            integers=pick([torch.int32, torch.int64]),
        )
        shape = [random.randint(1, 5), random.randint(1, 4), random.randint(1, 9)]
        reduction, dloss, scale = pick(["mean", "sum"]), pick([True, False]), pick([0.1, 2, 20])
        for loss, options in (("mse_loss", {}), ("l1_loss", {}), ("huber_loss", {"delta": pick([0.1, 1.0, 5.0])}),
                              ("smooth_l1_loss", {"beta": pick([0.1, 1.0, 5.0])}),
                              ("binary_cross_entropy_with_logits", {})):
            weighted = loss.startswith("binary") and pick([True, False])
            element_loss(f"{loss}_{i}", loss, shape, reduction, dloss, weighted, scale, **options)


def main():
    torch.manual_seed(7)
    random.seed(7)
    FOLDER.mkdir(parents=True, exist_ok=True)
    if len(sys.argv) > 2:
        random_cases(int(sys.argv[2]))
    else:
        cases()
    (FOLDER / "cases.json").write_text(json.dumps(CASES, indent=2) + "\n")


if __name__ == "__main__":
    main()
