#include <ATen/TensorOperators.h>
#include <ATen/ops/rsqrt.h>
#include <ATen/ops/sum.h>

#include "modulated_conv2d.h"

namespace atelier::modulated_conv2d {

static at::Tensor per_channel(const at::Tensor& s) { return s.reshape({s.size(0), s.size(1), 1, 1}); }

at::Tensor reference(const at::Tensor& x, const at::Tensor& w, const at::Tensor& s, const at::Tensor& noise, const at::Tensor& filter,
                     const Arguments& a) {
    const conv2d_resample::Arguments resample{a.up, 1, a.padding, 1, a.flip_weight};
    at::Tensor y = conv2d_resample::reference(x * per_channel(s), w, filter, resample);
    if (a.demodulate) {
        const at::Tensor modulated = w.unsqueeze(0) * s.reshape({s.size(0), 1, s.size(1), 1, 1});  // [N, O, I, kh, kw]
        y = y * per_channel((modulated * modulated).sum(at::IntArrayRef{2, 3, 4}).add(1e-8).rsqrt());
    }
    return noise.defined() ? y + noise : y;
}

at::Tensor synthesis_layer_reference(const at::Tensor& x, const at::Tensor& w, const at::Tensor& s, const at::Tensor& noise, const at::Tensor& strength,
                                     const at::Tensor& bias, const at::Tensor& filter, const Arguments& a, const bias_act::Arguments& activation) {
    const at::Tensor scaled = noise.defined() && strength.defined() ? noise * strength : noise;
    return bias_act::reference(reference(x, w, s, scaled, filter, a), bias, activation);
}

}  // namespace atelier::modulated_conv2d
