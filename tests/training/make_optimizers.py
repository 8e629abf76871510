"""Writes optimizers.json: what PyTorch's optimizers and schedules do.

    pip install torch==2.13.0
    python3 make_optimizers.py > optimizers.json && deno fmt optimizers.json

First parameters and gradients are `numbers(n, seed)`, which optimizers_test.ts computes as well. `want` is in float64;
`float32` is the largest error of float32 PyTorch against it.
"""
import json
import torch
from torch.optim import lr_scheduler
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

SIZES = {"a": 7, "b": 5}
STEPS = 8


def numbers(n, seed):
    return ((torch.arange(n) * 37 + seed * 11) % 97).to(torch.float32) / 48 - 1


def run(dtype, name, options, group, average):
    first = {p: numbers(n, i).to(dtype) for i, (p, n) in enumerate(SIZES.items())}
    net = torch.nn.ParameterDict({p: torch.nn.Parameter(value) for p, value in first.items()})
    groups = [{"params": [net["a"]]}, {"params": [net["b"]], **group}]
    optimizer = getattr(torch.optim, name)(groups, **options)
    averages = AveragedModel(net, multi_avg_fn=get_ema_multi_avg_fn(average)) if average else None
    for step in range(STEPS):
        for i, parameter in enumerate(net.values()):
            parameter.grad = numbers(parameter.numel(), 5 + 2 * step + i).to(dtype)
        optimizer.step()
        if averages:
            averages.update_parameters(net)
    want = {p: parameter.detach() for p, parameter in net.items()}
    for p, parameter in net.items():
        for moment, value in optimizer.state[parameter].items():
            if moment != "step" and value is not None:
                want[f"{moment}.{p}"] = value
        if averages:
            want[f"average.{p}"] = averages.module[p].detach()
    return want


def optimizer(name, options, group={}, average=None):
    want = run(torch.float64, name, options, group, average)
    single = run(torch.float32, name, options, group, average)
    error = max((single[key].double() - value).abs().max().item() for key, value in want.items())
    return {
        "optimizer": name,
        "options": options,
        "group": group,
        "average": average,
        "float32": error,
        "want": {key: value.tolist() for key, value in want.items()},
    }


def schedule(name, options, steps, make, metrics=None):
    """The learning rates of two groups, and the momentum, at each step, and one more."""
    a, b = (torch.nn.Parameter(torch.zeros(1, dtype=torch.float64)) for _ in range(2))
    sgd = torch.optim.SGD([{"params": [a]}, {"params": [b], "lr": 0.02}], lr=0.3, momentum=0.9)
    scheduler = make(sgd)
    rates, momentum = [], []
    for step in range(steps + 1):
        rates.append([group["lr"] for group in sgd.param_groups])
        momentum.append(sgd.param_groups[0]["momentum"])
        sgd.step()
        if step < steps:
            scheduler.step(*([] if metrics is None else [metrics[step]]))
    case = {"schedule": name, "options": options, "rates": rates}
    if "momentum" in options:
        case["momentum"] = momentum
    if metrics is not None:
        case["metrics"] = metrics
    return case


def one_cycle(options, steps, **torch_options):
    low, high = options.get("momentum", (0.9, 0.9))
    return schedule(
        "oneCycle", {"steps": steps, **options}, steps - 1,
        lambda o: lr_scheduler.OneCycleLR(
            o, [0.3, 0.02], total_steps=steps, base_momentum=low, max_momentum=high, cycle_momentum="momentum" in options,
            **torch_options,
        ),
    )


def cosine(steps, warm_up, start, minimum):
    def make(o):
        wave = lr_scheduler.CosineAnnealingLR(o, steps - warm_up, minimum)
        if not warm_up:
            return wave
        rise = lr_scheduler.LinearLR(o, start, total_iters=warm_up)
        return lr_scheduler.SequentialLR(o, [rise, wave], [warm_up])

    options = {"steps": steps, "warmUp": warm_up, "start": start, "minimum": minimum}
    return schedule("cosine", options, steps, make)


def plateau(options, metrics, **torch_options):
    return schedule(
        "reduceOnPlateau", options, len(metrics), lambda o: lr_scheduler.ReduceLROnPlateau(o, **torch_options), metrics
    )


# Falls, rests, rises, falls, rests.
LOSSES = [3, 2.5, 2.4999, 2.4998, 2.5, 2.6, 2.7, 2.8, 2.1, 2.0, 2.2, 2.2, 2.0, 1.9999, 1.9, 1.9, 1.9, 1.9, 1.9, 1.9, 1.9, 1.9]

OPTIMIZERS = [
    optimizer("SGD", {"lr": 0.1}),
    optimizer("SGD", {"lr": 0.1, "weight_decay": 0.05}, {"lr": 0.02, "weight_decay": 0}),
    optimizer("SGD", {"lr": 0.1, "momentum": 0.9}, average=0.9),
    optimizer("SGD", {"lr": 0.1, "momentum": 0.9, "dampening": 0.3, "weight_decay": 0.05}),
    optimizer("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.05}, {"lr": 0.2}),
    optimizer("RMSprop", {"lr": 0.01}),
    optimizer("RMSprop", {"lr": 0.01, "alpha": 0.9, "eps": 0.01, "weight_decay": 0.05}, {"weight_decay": 0.2}),
    optimizer("RMSprop", {"lr": 0.01, "momentum": 0.8}),
    optimizer("RMSprop", {"lr": 0.01, "alpha": 0.9, "centered": True}),
    optimizer(
        "RMSprop", {"lr": 0.01, "alpha": 0.9, "eps": 0.01, "centered": True, "momentum": 0.8, "weight_decay": 0.05},
        {"lr": 0.1},
    ),
    optimizer("Adagrad", {"lr": 0.1}),
    optimizer(
        "Adagrad", {"lr": 0.1, "lr_decay": 0.2, "weight_decay": 0.05, "initial_accumulator_value": 0.3, "eps": 0.01},
        {"lr": 0.3},
    ),
    optimizer("Adam", {"lr": 0.01}),
    optimizer("Adam", {"lr": 0.01, "betas": [0.8, 0.95], "eps": 0.01, "weight_decay": 0.05}, {"lr": 0.05}, average=0.99),
    optimizer("Adam", {"lr": 0.01, "betas": [0.5, 0.6], "amsgrad": True}),
    optimizer("AdamW", {"lr": 0.01}),
    optimizer("AdamW", {"lr": 0.1, "weight_decay": 0.3, "betas": [0.5, 0.6], "amsgrad": True}, {"weight_decay": 0}),
]
SCHEDULES = [
    schedule("stepDecay", {"every": 3, "factor": 0.5}, 10, lambda o: lr_scheduler.StepLR(o, 3, 0.5)),
    schedule("stepDecay", {"every": 4}, 9, lambda o: lr_scheduler.StepLR(o, 4)),
    schedule("exponentialDecay", {"factor": 0.9}, 20, lambda o: lr_scheduler.ExponentialLR(o, 0.9)),
    cosine(12, 0, 1 / 3, 0),
    cosine(15, 5, 0.1, 0.001),
    one_cycle({}, 20),
    one_cycle({"momentum": [0.8, 0.95], "rise": 0.25}, 13, pct_start=0.25),
    one_cycle(
        {"threePhase": True, "curve": "linear", "momentum": [0.7, 0.9], "startDivisor": 10, "endDivisor": 50}, 21,
        three_phase=True, anneal_strategy="linear", div_factor=10, final_div_factor=50,
    ),
    plateau({"patience": 2}, LOSSES, patience=2),
    plateau(
        {"factor": 0.5, "patience": 1, "cooldown": 2, "threshold": 0.05, "minimum": 0.01}, LOSSES,
        factor=0.5, patience=1, cooldown=2, threshold=0.05, min_lr=0.01,
    ),
    plateau(
        {"mode": "max", "patience": 1, "threshold": 0.2, "thresholdMode": "absolute", "epsilon": 1e-3}, LOSSES,
        mode="max", patience=1, threshold=0.2, threshold_mode="abs", eps=1e-3,
    ),
    plateau({"mode": "max", "patience": 0}, LOSSES, mode="max", patience=0),
]

print(json.dumps({"optimizers": OPTIMIZERS, "schedules": SCHEDULES}))
