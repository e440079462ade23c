#include "flat_optimizer.h"

#include <ATen/Dispatch.h>
#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/isnan.h>
#include <ATen/ops/lerp.h>
#include <ATen/ops/nan_to_num.h>
#include <ATen/core/grad_mode.h>

#include <atomic>
#include <cmath>

#include "../abi/abi.h"
#include "../isa/isa.h"

namespace atelier::flat_optimizer {

namespace {

constexpr int64_t grain = 32768;

template <typename T>
const Kernels<T>& kernels() {
#if defined(ATELIER_HAS_AVX2)
    if (isa::level() == isa::Level::avx2) return avx2::flat_kernels<T>();
#endif
    return portable::flat_kernels<T>();
}

void check(const char* op, const at::Tensor& parameters, const at::Tensor& other, const char* name) {
    TORCH_CHECK(parameters.dim() == 1 && parameters.is_contiguous(), op, ": parameters must be one flat buffer, they are ", parameters.sizes());
    TORCH_CHECK(other.sizes() == parameters.sizes() && other.is_contiguous() && other.scalar_type() == parameters.scalar_type(), op, ": ", name, " ",
                other.sizes(), " ", other.scalar_type(), " does not match parameters ", parameters.sizes(), " ", parameters.scalar_type());
}

}  // namespace

NonFinite adam_step(at::Tensor& parameters, const at::Tensor& gradient, at::Tensor& first_moment, at::Tensor& second_moment, const Adam& adam) {
    const at::NoGradGuard data_only;
    check("adam_step", parameters, gradient, "gradient");
    check("adam_step", parameters, first_moment, "first moment");
    check("adam_step", parameters, second_moment, "second moment");
    TORCH_CHECK(adam.step >= 1, "adam_step: steps count from 1, this one is ", adam.step);
    if (!abi::has_kernels(parameters)) return adam_step_reference(parameters, gradient, first_moment, second_moment, adam);
    std::atomic<int64_t> nans{0}, infinities{0};
    AT_DISPATCH_FLOATING_TYPES(parameters.scalar_type(), "adam_step", [&] {
        AdamConstants<scalar_t> c;
        c.gradient_scale = static_cast<scalar_t>(adam.gradient_scale);
        c.beta1 = static_cast<scalar_t>(adam.beta1);
        c.one_minus_beta1 = static_cast<scalar_t>(1 - adam.beta1);
        c.beta2 = static_cast<scalar_t>(adam.beta2);
        c.one_minus_beta2 = static_cast<scalar_t>(1 - adam.beta2);
        c.root_correction2 = static_cast<scalar_t>(std::sqrt(1 - std::pow(adam.beta2, static_cast<double>(adam.step))));
        c.epsilon = static_cast<scalar_t>(adam.epsilon);
        c.step_size = static_cast<scalar_t>(adam.lr / (1 - std::pow(adam.beta1, static_cast<double>(adam.step))));
        scalar_t *p = parameters.data_ptr<scalar_t>(), *m = first_moment.data_ptr<scalar_t>(), *v = second_moment.data_ptr<scalar_t>();
        const scalar_t* g = gradient.data_ptr<scalar_t>();
        at::parallel_for(0, parameters.numel(), grain, [&](int64_t begin, int64_t end) {
            const NonFinite found = kernels<scalar_t>().adam(c, p, g, m, v, begin, end);
            nans += found.nans;
            infinities += found.infinities;
        });
    });
    return {nans, infinities};
}

NonFinite adam_step_reference(at::Tensor& parameters, const at::Tensor& gradient, at::Tensor& first_moment, at::Tensor& second_moment, const Adam& adam) {
    const at::NoGradGuard data_only;
    const at::Tensor scaled = gradient * adam.gradient_scale;
    const NonFinite found{at::isnan(scaled).sum().item<int64_t>(), scaled.abs().eq(HUGE_VAL).sum().item<int64_t>()};
    const at::Tensor g = at::nan_to_num(scaled, 0.0, 1e5, -1e5);
    first_moment.mul_(adam.beta1).add_(g, 1 - adam.beta1);
    second_moment.mul_(adam.beta2).addcmul_(g, g, 1 - adam.beta2);
    const double correction1 = 1 - std::pow(adam.beta1, static_cast<double>(adam.step)), correction2 = 1 - std::pow(adam.beta2, static_cast<double>(adam.step));
    const at::Tensor denominator = (second_moment.sqrt() / std::sqrt(correction2)).add_(adam.epsilon);
    parameters.addcdiv_(first_moment, denominator, -adam.lr / correction1);
    return found;
}

void average(at::Tensor& ema, const at::Tensor& parameters, double beta) {
    const at::NoGradGuard data_only;
    check("ema", parameters, ema, "average");
    if (!abi::has_kernels(parameters)) {
        ema.copy_(at::lerp(parameters, ema, beta));
        return;
    }
    AT_DISPATCH_FLOATING_TYPES(parameters.scalar_type(), "ema", [&] {
        scalar_t* target = ema.data_ptr<scalar_t>();
        const scalar_t* p = parameters.data_ptr<scalar_t>();
        at::parallel_for(0, parameters.numel(), grain,
                         [&](int64_t begin, int64_t end) { kernels<scalar_t>().average(target, p, static_cast<scalar_t>(beta), begin, end); });
    });
}

}  // namespace atelier::flat_optimizer
