// Up-, fir-, downsampling of images (Karras et al. 2019, 2020; the semantics are those of the published upfirdn2d):
// put up − 1 zeros behind every pixel, pad or crop, convolve with the filter, keep every down-th pixel.
//
// Linear in the image. Its adjoint is the same operation with up and down swapped, the filter reversed and the padding that
// brings the image's size back, so that it is closed under differentiation. Filters are constants: they have no gradient.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "../rows/rows.h"
#include "fir_kernel.h"

namespace atelier::fir {

// Pixels of padding; negative values crop.
struct Padding {
    int64_t left = 0, right = 0, top = 0, bottom = 0;
};

struct Spec {
    int64_t up_x = 1, up_y = 1, down_x = 1, down_y = 1;
    Padding padding;
    // The filter as it meets the image (a correlation, gain applied): terms of column × row filters, each [terms][taps].
    int64_t terms = 1;
    std::vector<double> column_filters{1.0};
    std::vector<double> row_filters{1.0};

    int64_t rows() const { return static_cast<int64_t>(column_filters.size()) / terms; }
    int64_t columns() const { return static_cast<int64_t>(row_filters.size()) / terms; }
    Axis y_axis(int64_t height) const;
    Axis x_axis(int64_t width) const;
    // The transposed operation for images of the given size.
    Spec adjoint(int64_t height, int64_t width) const;
};

// filter: [taps] (used on both axes), [rows, columns] or undefined (one tap of 1).
struct Arguments {
    int64_t up_x = 1, up_y = 1, down_x = 1, down_y = 1;
    Padding padding;
    bool flip = false;  // false: convolve, true: correlate
    double gain = 1;
};

// A two-dimensional filter that is an outer product is split, which makes it several times cheaper.
Spec make_spec(const at::Tensor& filter, const Arguments& arguments);

// x: [N, C, H, W], contiguous, on the CPU, float32 or float64. epilogue: of the output's rows, or null.
at::Tensor run(const Spec& spec, const at::Tensor& x, const rows::LayerEpilogue* epilogue = nullptr);

// The published op. x: [N, C, H, W]. Differentiable any number of times; CPU floats run the kernels.
at::Tensor upfirdn2d(const at::Tensor& x, const at::Tensor& filter, const Arguments& arguments);

// The same from plain operations: zero insertion, padding, grouped convolution. Differentiable, any device.
at::Tensor reference(const at::Tensor& x, const at::Tensor& filter, const Arguments& arguments);

}  // namespace atelier::fir
