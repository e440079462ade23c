// The synthesis network's way to colours: clamp(Σ_i x[n,i]·w[c,i]·s[n,i] + b[c]), a modulated 1×1 convolution that is not
// demodulated. Three outputs a pixel: a batched product of [3, I] with [I, H·W] that reads x once.
// x [N, I, H, W], w [C, I, 1, 1], s [N, I], b [C].
#pragma once

#include <ATen/core/Tensor.h>

namespace atelier::to_rgb {

// clamp negative: none.
at::Tensor apply(const at::Tensor& x, const at::Tensor& w, const at::Tensor& s, const at::Tensor& bias, double clamp);
at::Tensor reference(const at::Tensor& x, const at::Tensor& w, const at::Tensor& s, const at::Tensor& bias, double clamp);

}  // namespace atelier::to_rgb
