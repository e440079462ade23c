// Row passes on tensors: the epilogue of a layer, its backward pass and the tangent of that; see rows_kernel.h.
#pragma once

#include <ATen/core/Tensor.h>

#include <utility>

#include "rows_kernel.h"

namespace atelier::rows {

// A layer's epilogue with its tensors, of which any may be undefined:
// scale [N, C], noise [N | 1, 1, H, W], strength [] , bias [C]; all of the image's dtype and contiguous.
struct LayerEpilogue {
    at::Tensor scale, noise, strength, bias;
    double positive = 1, negative = 1;
    double clamp = -1;  // negative: none

    bool is_identity() const {
        return !scale.defined() && !noise.defined() && !bias.defined() && positive == 1 && negative == 1 && clamp < 0;
    }

    // For rows of an image [N, C, …].
    template <typename T>
    Epilogue<T> rows_of(const at::Tensor& image) const;
};

// The kernels of the instruction set in force.
template <typename T>
const Kernels<T>& kernels();

// Rows handed to a thread at least at a time: a thread is not worth waking for less than some ten microseconds of work.
int64_t grain(int64_t pixels);

// In the following u, dy, y, a, x: [N, C, …] contiguous; s, r: [N, C].
at::Tensor forward(const LayerEpilogue& epilogue, const at::Tensor& u);
void forward_(const LayerEpilogue& epilogue, at::Tensor& u);

struct Backward {
    at::Tensor du;                        // [N, C, …]
    at::Tensor sum, sum_noise, sum_u;     // [N, C] Σ dz, Σ dz·noise, Σ dz·u
};
struct Wanted {
    bool du = false, sum = false, sum_noise = false, sum_u = false;
};
Backward backward(const LayerEpilogue& epilogue, const at::Tensor& dy, const at::Tensor& y, Wanted wanted);

// Cotangents of what `backward` returned; undefined: none. bias: [C] along Σ_n dz, strength [] along Σ dz·noise, scale [N, C] along Σ dz·u.
struct Tangents {
    at::Tensor scale, bias, strength;
};
// Gradient for dy, and dot = Σ du·a [N, C] where wanted. a may be undefined.
struct Tangent {
    at::Tensor dy, dot;
};
Tangent tangent(const LayerEpilogue& epilogue, const Tangents& tangents, const at::Tensor& a, const at::Tensor& du, const at::Tensor& y,
                bool want_dy, bool want_dot);

at::Tensor scale(const at::Tensor& x, const at::Tensor& s);
at::Tensor combine(const at::Tensor& a, const at::Tensor& s, const at::Tensor& b, const at::Tensor& r);
// s ⊙ t, written over t where t is not needed any more, and Σ t·x [N, C].
std::pair<at::Tensor, at::Tensor> scale_dot(at::Tensor t, const at::Tensor& s, const at::Tensor& x, bool overwrite);
at::Tensor dot(const at::Tensor& a, const at::Tensor& b);

}  // namespace atelier::rows
