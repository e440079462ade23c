// conv2d_resample (the published op): a convolution preceded by upsampling or followed by downsampling, in the order that
// computes least. A plan names the linear steps it consists of; it and its two adjoints are bilinear in image and weight.
//
//   up 1, down 1    convolution
//   down            blur, then the strided convolution; for 1×1 weights downsample first
//   up              the adjoint of the strided convolution, then blur; for 1×1 weights upsample last
#pragma once

#include <ATen/core/Tensor.h>

#include <optional>
#include <vector>

#include "../convolution/convolution.h"
#include "../fir/fir.h"

namespace atelier::conv2d_resample {

struct Arguments {
    int64_t up = 1, down = 1;
    int64_t padding = 0;  // relative to the upsampled image
    int64_t groups = 1;
    bool flip_weight = true;  // true: correlation, false: convolution
};

class Plan {
public:
    // filter: as upfirdn2d's, or undefined for none. Throws where the shapes do not fit.
    Plan(const at::Tensor& weight, const at::Tensor& filter, const Arguments& arguments);

    // x: [N, I, H, W], w: [O, I/groups, kh, kw] → [N, O, H·up/down, W·up/down]. fusion: x's scale, the result's epilogue.
    at::Tensor apply(const at::Tensor& x, const at::Tensor& w, const convolution::Fusion& fusion = {}) const;

    // The adjoint in two halves, so that both gradients share the first: from the gradient of the result for an image
    // [.., height, width] to that of the convolution in the middle, and from there to image and weight. Scales of the gradient
    // commute with the first half, because filters treat every channel alike; the second takes them.
    at::Tensor pull_back(const at::Tensor& g, int64_t height, int64_t width) const;
    at::Tensor input_gradient(const convolution::Factor& pulled, const at::Tensor& w, int64_t height, int64_t width) const;
    at::Tensor weight_gradient(const convolution::Factor& x, const convolution::Factor& pulled) const;

private:
    // The weight as the convolution in the middle takes it, and the way back for its gradient.
    at::Tensor inner_weight(const at::Tensor& w) const;
    at::Tensor outer_weight(const at::Tensor& w) const;
    // Size of the convolution's output for an image of the given size.
    std::pair<int64_t, int64_t> convolved_size(int64_t height, int64_t width) const;

    std::optional<fir::Spec> before_;
    convolution::Geometry geometry_;
    bool adjoint_ = false;
    bool reversed_ = false;
    int64_t kernel_height_, kernel_width_;
    std::vector<fir::Spec> after_;
};

// The same by its definition from plain operations. Differentiable, any device.
at::Tensor reference(const at::Tensor& x, const at::Tensor& w, const at::Tensor& filter, const Arguments& arguments);

}  // namespace atelier::conv2d_resample
