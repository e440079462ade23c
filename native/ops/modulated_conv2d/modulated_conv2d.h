// Modulated convolution (Karras et al. 2020, equations 1 and 3) and the layers of the synthesis network made of it.
//
//   modulated_conv2d   u = K(x ⊙ s, w),  y = d ⊙ u + noise,  d[n,o] = 1/√(Σ_ik (w[o,i,k]·s[n,i])² + 1e-8)
//   synthesis_layer    clamp(act(d ⊙ u + strength·noise + bias)·gain)
//
// d is computed as rsqrt(s² · (Σ_k w²)ᵀ + ε): the per-sample weights [N, O, I, k, k] are never built.
// x [N, I, H, W], w [O, I, kh, kw], s [N, I], noise [N | 1, 1, H·up, W·up].
#pragma once

#include <ATen/core/Tensor.h>

#include "../bias_act/bias_act.h"
#include "../conv2d_resample/plan.h"

namespace atelier::modulated_conv2d {

struct Arguments {
    int64_t up = 1;
    int64_t padding = 0;
    bool flip_weight = true;
    bool demodulate = true;
};

at::Tensor apply(const at::Tensor& x, const at::Tensor& w, const at::Tensor& s, const at::Tensor& noise, const at::Tensor& filter, const Arguments& a);
at::Tensor reference(const at::Tensor& x, const at::Tensor& w, const at::Tensor& s, const at::Tensor& noise, const at::Tensor& filter, const Arguments& a);

// noise and strength may be undefined; demodulates.
at::Tensor synthesis_layer(const at::Tensor& x, const at::Tensor& w, const at::Tensor& s, const at::Tensor& noise, const at::Tensor& strength,
                           const at::Tensor& bias, const at::Tensor& filter, const Arguments& a, const bias_act::Arguments& activation);
at::Tensor synthesis_layer_reference(const at::Tensor& x, const at::Tensor& w, const at::Tensor& s, const at::Tensor& noise, const at::Tensor& strength,
                                     const at::Tensor& bias, const at::Tensor& filter, const Arguments& a, const bias_act::Arguments& activation);

}  // namespace atelier::modulated_conv2d
