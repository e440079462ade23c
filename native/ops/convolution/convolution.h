// The three bilinear maps of a convolution (correlation, as in conv2d), without autograd. Each is linear in both arguments
// and the derivatives of any of them are the other two, so that the set is closed under differentiation:
//
//   forward(x, w)          y[n,o,p]  = Σ x[n,i,p·stride + k − padding]·w[o,i,k]
//   input_gradient(g, w)   x̄ with    ⟨g, forward(x, w)⟩ = ⟨x̄, x⟩
//   weight_gradient(x, g)  w̄ with    ⟨g, forward(x, w)⟩ = ⟨w̄, w⟩
//
// input_gradient is also how a layer goes up in resolution: libtorch's own conv_transpose2d takes twice its time on the CPU.
// Images [N, C, H, W], weights [O, I/groups, kh, kw], contiguous. Scales [N, C] multiply an image's channels as it is read;
// undefined: none. The one place that chooses between Winograd's algorithm (conv3x3) and libtorch's own (oneDNN on the CPU).
#pragma once

#include <ATen/core/Tensor.h>

#include "../rows/rows.h"

namespace atelier::convolution {

struct Geometry {
    int64_t stride = 1;
    int64_t padding_y = 0, padding_x = 0;
    int64_t groups = 1;
};

// What happens on the way in and out, in the same pass where that is possible.
struct Fusion {
    at::Tensor scale;                              // of the image that is read
    const rows::LayerEpilogue* epilogue = nullptr;  // of the result
};

at::Tensor forward(const at::Tensor& x, const at::Tensor& w, const Geometry& geometry, const Fusion& fusion = {});
// height, width: of the input.
at::Tensor input_gradient(const at::Tensor& g, const at::Tensor& w, const Geometry& geometry, int64_t height, int64_t width, const Fusion& fusion = {});

struct Factor {
    at::Tensor image, scale;
};
// kernel_height, kernel_width: of the weight.
at::Tensor weight_gradient(const Factor& x, const Factor& g, const Geometry& geometry, int64_t kernel_height, int64_t kernel_width);

}  // namespace atelier::convolution
