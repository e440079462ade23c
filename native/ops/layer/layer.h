// A whole convolution layer as one function:
//
//   y = clamp(slope(scale ⊙ K(x ⊙ styles, w) + strength·noise + bias))
//
// with K a conv2d_resample plan, ⊙ per sample and channel, and a piecewise linear activation. Every layer of StyleGAN2 that
// convolves is this with some parts left out: synthesis layers (styles modulate, scale demodulates: Karras et al. 2020,
// equations 1 and 3), discriminator layers (neither), bare convolutions (nothing).
//
// Twice differentiable in x, w, styles, scale, strength and bias (noise is data). What is kept for backward is its
// inputs and y; the convolution's own output and the modulated image are never kept:
//   dz = slope(y)·dy,  du = scale ⊙ dz,  x̄ = styles ⊙ Kₓᵀ(du, w),  w̄ = K_wᵀ(x ⊙ styles, du),
//   styles‾ = Σ x·Kₓᵀ(du, w),  scale‾ = Σ dz·u with u found from y,  bias‾ = Σ dz,  strength‾ = Σ dz·noise.
// The gradient of the gradient (layer_gradient.cpp) consists of the same maps, because K is bilinear.
#pragma once

#include <ATen/core/Tensor.h>

#include "../conv2d_resample/plan.h"
#include "../rows/rows.h"

namespace atelier::layer {

// Undefined tensors are left out.
struct Inputs {
    at::Tensor x;         // [N, I, H, W]
    at::Tensor w;         // [O, I/groups, kh, kw]
    at::Tensor styles;    // [N, I]
    at::Tensor scale;     // [N, O]
    at::Tensor noise;     // [N | 1, 1, H', W']; no gradient
    at::Tensor strength;  // []
    at::Tensor bias;      // [O]
};

struct Config {
    conv2d_resample::Plan plan;
    double positive = 1, negative = 1;  // slopes
    double clamp = -1;                  // negative: none

    rows::LayerEpilogue epilogue(const at::Tensor& scale, const at::Tensor& noise, const at::Tensor& strength, const at::Tensor& bias) const {
        return {scale, noise, strength, bias, positive, negative, clamp};
    }
};

// On the CPU, float32 or float64. With `scale`, no slope may be 0 (u would be lost).
at::Tensor apply(const Config& config, const Inputs& inputs);

}  // namespace atelier::layer
