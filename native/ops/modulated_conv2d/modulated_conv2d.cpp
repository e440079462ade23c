#include "modulated_conv2d.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/rsqrt.h>
#include <ATen/ops/sum.h>

#include "../abi/abi.h"
#include "../layer/layer.h"

namespace atelier::modulated_conv2d {

namespace {

void check(const char* op, const at::Tensor& x, const at::Tensor& w, const at::Tensor& s) {
    TORCH_CHECK(x.dim() == 4 && w.dim() == 4 && w.size(1) == x.size(1), op, ": weight ", w.sizes(), " does not fit x ", x.sizes());
    TORCH_CHECK(s.dim() == 2 && s.size(0) == x.size(0) && s.size(1) == x.size(1), op, ": styles ", s.sizes(), " do not fit x ", x.sizes());
    TORCH_CHECK(w.scalar_type() == x.scalar_type() && s.scalar_type() == x.scalar_type(), op, ": weight is ", w.scalar_type(), ", styles are ",
                s.scalar_type(), ", x is ", x.scalar_type());
}

at::Tensor demodulation(const at::Tensor& w, const at::Tensor& s) {
    const at::Tensor energy = (w * w).sum(at::IntArrayRef{2, 3});  // [O, I]
    return at::mm(s * s, energy.t()).add(1e-8).rsqrt();            // [N, O]
}

conv2d_resample::Plan plan_of(const at::Tensor& w, const at::Tensor& filter, const Arguments& a) {
    return {w, filter, {a.up, 1, a.padding, 1, a.flip_weight}};
}

}  // namespace

at::Tensor apply(const at::Tensor& x, const at::Tensor& w, const at::Tensor& s, const at::Tensor& noise, const at::Tensor& filter, const Arguments& a) {
    check("modulated_conv2d", x, w, s);
    if (!abi::has_kernels(x)) return reference(x, w, s, noise, filter, a);
    layer::Inputs inputs{x, w, s, {}, {}, {}, {}};
    if (a.demodulate) inputs.scale = demodulation(w, s);
    const at::Tensor y = layer::apply({plan_of(w, filter, a)}, inputs);
    return noise.defined() ? y + noise : y;
}

at::Tensor synthesis_layer(const at::Tensor& x, const at::Tensor& w, const at::Tensor& s, const at::Tensor& noise, const at::Tensor& strength,
                           const at::Tensor& bias, const at::Tensor& filter, const Arguments& a, const bias_act::Arguments& activation) {
    check("synthesis_layer", x, w, s);
    TORCH_CHECK(bias.dim() == 1 && bias.size(0) == w.size(0), "synthesis_layer: bias ", bias.sizes(), " does not fit weight ", w.sizes());
    if (!abi::has_kernels(x)) return synthesis_layer_reference(x, w, s, noise, strength, bias, filter, a, activation);
    const bias_act::Slopes slopes = bias_act::slopes_of(activation);
    // The fused layer finds u from y and takes noise for data; what does not allow that goes step by step.
    const bool fused = slopes.negative > 0 && !(noise.defined() && (noise.requires_grad() || !strength.defined()));
    if (!fused) return bias_act::apply(apply(x, w, s, noise.defined() && strength.defined() ? noise * strength : noise, filter, a), bias, activation);
    layer::Inputs inputs{x, w, s, demodulation(w, s), noise, noise.defined() ? strength : at::Tensor(), bias};
    return layer::apply({plan_of(w, filter, a), slopes.positive, slopes.negative, activation.clamp}, inputs);
}

}  // namespace atelier::modulated_conv2d
