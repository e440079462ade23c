// Convolutions 3×3 by Winograd's algorithm (winograd_kernel.h), where that is faster than a direct one: the three maps of
// convolution.h for stride 1 with padding 1, and the first two for stride 2 without (the third, measured, is a tie), with a layer's
// modulation applied while loading and its epilogue while storing. float32 on the CPU with AVX2; everything else is for the
// direct path, float64 always.
#pragma once

#include <ATen/core/Tensor.h>

#include "../rows/rows.h"

namespace atelier::conv3x3 {

// A convolution whose output is [samples, outputs, height, width].
struct Size {
    at::ScalarType type;
    at::Device device;
    int64_t samples, inputs, outputs, height, width;
};

// Whether the algorithm takes it, and by measurement wins: forward and input gradient; weight gradient of stride 1.
bool convolves(const Size& size, int64_t stride);
bool correlates(const Size& size);

// Scales (undefined: none) multiply an image on loading: [N, channels]. w: [outputs, inputs, 3, 3]. epilogue: of the result, or null.
at::Tensor forward(const at::Tensor& x, const at::Tensor& scale, const at::Tensor& w, int64_t stride, const rows::LayerEpilogue* epilogue);

// x̄ from the gradient g of the output.
at::Tensor input_gradient(const at::Tensor& g, const at::Tensor& scale, const at::Tensor& w, int64_t stride, const rows::LayerEpilogue* epilogue);

// w̄ [outputs, inputs, 3, 3] from x [N, inputs, H, W] and the gradient g [N, outputs, H, W] of the output; stride 1.
at::Tensor weight_gradient(const at::Tensor& x, const at::Tensor& x_scale, const at::Tensor& g, const at::Tensor& g_scale);

}  // namespace atelier::conv3x3
