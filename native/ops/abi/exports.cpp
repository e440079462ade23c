// The whole C API on one page. Handles are at::Tensor*; a null handle is an argument left out; results belong to the caller.
#include "../augment/augment.h"
#include "../bias_act/bias_act.h"
#include "../conv2d_resample/conv2d_resample.h"
#include "../conv_layer/conv_layer.h"
#include "../fir/fir.h"
#include "../flat_optimizer/flat_optimizer.h"
#include "../fully_connected/fully_connected.h"
#include "../minibatch_std/minibatch_std.h"
#include "../modulated_conv2d/modulated_conv2d.h"
#include "../moments/moments.h"
#include "../philox_fill/philox_fill.h"
#include "../script/script.h"
#include "../to_rgb/to_rgb.h"
#include "abi.h"

#include <torch/csrc/jit/api/module.h>

using namespace atelier;
using abi::give;
using abi::guarded;
using abi::Handle;
using abi::optional;

// Mirrored by the managed side, field by field.
struct ActivationArguments {
    int32_t activation;
    double alpha, gain, clamp;
};

static bias_act::Arguments activation_of(const ActivationArguments* a, int64_t dim = 1) {
    return {dim, static_cast<bias_act::Activation>(a->activation), a->alpha, a->gain, a->clamp};
}

ATELIER_EXPORT int atelier_ops_bias_act(Handle x, Handle bias, int64_t dim, const ActivationArguments* activation, Handle* out) {
    return guarded([&] { *out = give(bias_act::apply(*x, optional(bias), activation_of(activation, dim))); });
}

ATELIER_EXPORT int atelier_ops_upfirdn2d(Handle x, Handle filter, int64_t up_x, int64_t up_y, int64_t down_x, int64_t down_y, int64_t left, int64_t right,
                                         int64_t top, int64_t bottom, int flip, double gain, Handle* out) {
    return guarded([&] { *out = give(fir::upfirdn2d(*x, optional(filter), {up_x, up_y, down_x, down_y, {left, right, top, bottom}, flip != 0, gain})); });
}

ATELIER_EXPORT int atelier_ops_conv2d_resample(Handle x, Handle weight, Handle filter, int64_t up, int64_t down, int64_t padding, int64_t groups,
                                               int flip_weight, Handle* out) {
    return guarded([&] { *out = give(conv2d_resample::apply(*x, *weight, optional(filter), {up, down, padding, groups, flip_weight != 0})); });
}

ATELIER_EXPORT int atelier_ops_modulated_conv2d(Handle x, Handle weight, Handle styles, Handle noise, Handle filter, int64_t up, int64_t padding,
                                                int flip_weight, int demodulate, Handle* out) {
    return guarded([&] {
        *out = give(modulated_conv2d::apply(*x, *weight, *styles, optional(noise), optional(filter), {up, padding, flip_weight != 0, demodulate != 0}));
    });
}

ATELIER_EXPORT int atelier_ops_synthesis_layer(Handle x, Handle weight, Handle styles, Handle filter, Handle noise, Handle strength, Handle bias,
                                               int64_t up, int64_t padding, int flip_weight, const ActivationArguments* activation, Handle* out) {
    return guarded([&] {
        *out = give(modulated_conv2d::synthesis_layer(*x, *weight, *styles, optional(noise), optional(strength), *bias, optional(filter),
                                                      {up, padding, flip_weight != 0, true}, activation_of(activation)));
    });
}

ATELIER_EXPORT int atelier_ops_to_rgb(Handle x, Handle weight, Handle styles, Handle bias, double clamp, Handle* out) {
    return guarded([&] { *out = give(to_rgb::apply(*x, *weight, *styles, *bias, clamp)); });
}

ATELIER_EXPORT int atelier_ops_conv_layer(Handle x, Handle weight, double weight_gain, Handle bias, Handle filter, int64_t up, int64_t down,
                                          const ActivationArguments* activation, Handle* out) {
    return guarded([&] { *out = give(conv_layer::apply(*x, *weight, weight_gain, optional(bias), optional(filter), up, down, activation_of(activation))); });
}

ATELIER_EXPORT int atelier_ops_fully_connected(Handle x, Handle weight, double weight_gain, Handle bias, double bias_gain,
                                               const ActivationArguments* activation, Handle* out) {
    return guarded([&] { *out = give(fully_connected::apply(*x, *weight, weight_gain, optional(bias), bias_gain, activation_of(activation))); });
}

ATELIER_EXPORT int atelier_ops_minibatch_std(Handle x, int64_t group, int64_t channels, Handle* out) {
    return guarded([&] { *out = give(minibatch_std::apply(*x, group, channels)); });
}

ATELIER_EXPORT int atelier_ops_augment(Handle x, Handle parameters, Handle noise, Handle* out) {
    return guarded([&] { *out = give(augment::apply(*x, *parameters, optional(noise))); });
}

ATELIER_EXPORT int atelier_ops_adam_step(Handle parameters, Handle gradient, Handle first_moment, Handle second_moment, double lr, double beta1, double beta2,
                                         double epsilon, int64_t step, double gradient_scale, int64_t* nans, int64_t* infinities) {
    return guarded([&] {
        const auto found = flat_optimizer::adam_step(*parameters, *gradient, *first_moment, *second_moment, {lr, beta1, beta2, epsilon, step, gradient_scale});
        *nans = found.nans;
        *infinities = found.infinities;
    });
}

ATELIER_EXPORT int atelier_ops_ema(Handle ema, Handle parameters, double beta) {
    return guarded([&] { flat_optimizer::average(*ema, *parameters, beta); });
}

ATELIER_EXPORT int atelier_ops_philox_fill(Handle destination, int normal, uint64_t key, uint64_t counter_high, uint64_t first_element) {
    return guarded([&] {
        const auto distribution = normal != 0 ? philox_fill::Distribution::normal : philox_fill::Distribution::uniform;
        philox_fill::fill(*destination, distribution, key, counter_high, first_element);
    });
}

ATELIER_EXPORT int atelier_ops_gram(Handle x, Handle* out) {
    return guarded([&] { *out = give(moments::gram(*x)); });
}

ATELIER_EXPORT int atelier_ops_root_trace(Handle m, double* out) {
    return guarded([&] { *out = moments::root_trace(*m); });
}

ATELIER_EXPORT int atelier_ops_script_load(const char* path, const char* device, const char* const* flags, int32_t count, torch::jit::Module** out) {
    return guarded([&] { *out = script::load(path, device, {flags, flags + count}).release(); });
}

ATELIER_EXPORT int atelier_ops_script_forward(torch::jit::Module* module, Handle x, const char* const* flags, const int32_t* values, int32_t count,
                                              Handle* out) {
    return guarded([&] {
        std::vector<script::Flag> keywords;
        for (int32_t i = 0; i < count; i++) keywords.push_back({flags[i], values[i] != 0});
        *out = give(script::forward(*module, *x, keywords));
    });
}

ATELIER_EXPORT void atelier_ops_script_free(torch::jit::Module* module) { delete module; }
