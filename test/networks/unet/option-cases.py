"""Writes option-cases.ndjson: predictions of diffusers' UNet2DConditionModel under one unusual option each.

Made with diffusers v0.21.4 on torch 1.13.1, float32, CPU. Parameters and inputs are sines, so that they need not
be stored. Usage: python option-cases.py > option-cases.ndjson
"""
import json
import math

import numpy
import torch
from diffusers.models.unet_2d_condition import UNet2DConditionModel

torch.set_num_threads(1)
original_baddbmm = torch.baddbmm


def baddbmm(input, a, b, beta=1, alpha=1):
    # torch 1.13 multiplies uninitialised memory by beta=0, which may be NaN.
    if beta == 0:
        input, beta = torch.zeros(a.shape[0], a.shape[1], b.shape[2]), 1
    return original_baddbmm(input, a, b, beta=beta, alpha=alpha)


torch.baddbmm = baddbmm


def sines(seed, shape):
    count = math.prod(shape)
    values = numpy.sin(seed + 1.7 * numpy.arange(count, dtype=numpy.float64))
    return torch.from_numpy(values.reshape(shape).astype(numpy.float32))


def fill(model, shrunk):
    for seed, (name, parameter) in enumerate(sorted(model.named_parameters())):
        values = sines(seed, parameter.shape)
        if parameter.dim() > 1:
            fan_in = parameter[0].numel()
            parameter.data = values * numpy.float32(1.4 / math.sqrt(fan_in))
        elif name.endswith("bias"):
            parameter.data = values * numpy.float32(0.1)
        else:
            parameter.data = 1 + values * numpy.float32(0.15)
        if any(part in name for part in shrunk):
            parameter.data *= numpy.float32(0.004)


base = {
    "block_out_channels": [8, 16, 16],
    "down_block_types": ["CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"],
    "up_block_types": ["UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"],
    "layers_per_block": 1,
    "cross_attention_dim": 12,
    "attention_head_dim": 2,
    "norm_num_groups": 4,
}
two_levels = {
    "block_out_channels": [8, 12],
    "down_block_types": ["DownBlock2D", "CrossAttnDownBlock2D"],
    "up_block_types": ["CrossAttnUpBlock2D", "UpBlock2D"],
}
projection = {"projection_class_embeddings_input_dim": 6}
# Name, options, shape of the class labels.
cases = [
    ("only_cross_attention, one a block", {"only_cross_attention": [True, False, True]}, None),
    ("only_cross_attention everywhere", {"only_cross_attention": True}, None),
    ("num_class_embeds", {"num_class_embeds": 5}, "table"),
    ("class_embed_type timestep", {"class_embed_type": "timestep", "act_fn": "gelu"}, [1]),
    ("class_embed_type identity", {"class_embed_type": "identity"}, [1, 32]),
    ("class_embed_type projection", {"class_embed_type": "projection", "act_fn": "gelu", **projection}, [1, 6]),
    ("class_embed_type simple_projection", {"class_embed_type": "simple_projection", **projection}, [1, 6]),
    ("downsample_padding 0", {"downsample_padding": 0}, None),
    ("kernels", {"conv_in_kernel": 5, "conv_out_kernel": 1}, None),
    ("freq_shift and order", {"freq_shift": 1, "flip_sin_to_cos": False}, None),
    ("time_embedding_dim", {"time_embedding_dim": 20}, None),
    ("activations of the time", {"timestep_post_act": "gelu", "time_embedding_act_fn": "silu"}, None),
    ("layers_per_block, one a block", {"layers_per_block": [2, 1, 3]}, None),
    ("transformer_layers_per_block", {"transformer_layers_per_block": [1, 2, 3], "use_linear_projection": True}, None),
    ("attention_head_dim, one a block", {"attention_head_dim": [1, 4, 2]}, None),
    ("act_fn mish", {"act_fn": "mish", "norm_eps": 1e-3}, None),
    ("act_fn relu without a mid block", {"act_fn": "relu", "mid_block_type": None}, None),
    ("mid_block_scale_factor", {"mid_block_scale_factor": 1.7}, None),
    ("center_input_sample", {"center_input_sample": True}, None),
    ("in_channels and out_channels", {"in_channels": 7, "out_channels": 8, "upcast_attention": True}, None),
    ("an odd number of first channels", {"block_out_channels": [9, 15, 6], "norm_num_groups": 3, "attention_head_dim": 3}, None),
    ("small feature maps", {"norm_eps": 3e-5}, None),
    ("two levels, the transformers at the coarse one", two_levels, None),
]

for name, options, labels in cases:
    config = {**base, **options}
    model = UNet2DConditionModel(**config).eval()
    # Small feature maps make the epsilons of the norms count.
    shrunk = ["conv_in", "conv2"] if name == "small feature maps" else []
    fill(model, shrunk)
    size = [8, 12] if name == "downsample_padding 0" else [9, 6]
    class_labels = None if labels is None else torch.tensor([3]) if labels == "table" else sines(5, labels)
    with torch.no_grad():
        output = model(
            sines(1, [1, config.get("in_channels", 4), *size]),
            torch.tensor([250]),
            sines(2, [1, 3, 12]),
            class_labels=class_labels,
        ).sample
    values = [float(f"{value:.6g}") for value in output.flatten().tolist()]
    print(json.dumps({"name": name, "config": config, "size": size, "labels": labels, "shrunk": shrunk, "output": values}))
