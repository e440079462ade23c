#include "augment.h"

#include <ATen/Dispatch.h>
#include <ATen/Parallel.h>
#include <ATen/ops/empty_like.h>
#include <torch/csrc/autograd/custom_function.h>

#include "../abi/abi.h"
#include "../abi/constant.h"
#include "../isa/isa.h"
#include "plan.h"

namespace atelier::augment {

namespace {

template <typename T>
const Kernels<T>& kernels() {
#if defined(ATELIER_HAS_AVX2)
    if (isa::level() == isa::Level::avx2) return avx2::augment_kernels<T>();
#endif
    return portable::augment_kernels<T>();
}

struct Plan {
    std::vector<Image> images;
    at::Tensor noise;
};

struct Augmented : torch::autograd::Function<Augmented> {
    static at::Tensor forward(torch::autograd::AutogradContext* ctx, const at::Tensor& x, std::shared_ptr<const Plan> plan, Mode mode) {
        at::Tensor out = at::empty_like(x);
        run(mode, plan->images, x, plan->noise, out);
        abi::keep(ctx, "plan", std::move(plan));
        abi::keep(ctx, "mode", mode);
        return out;
    }
    static torch::autograd::variable_list backward(torch::autograd::AutogradContext* ctx, torch::autograd::variable_list gradients) {
        const Mode mode = abi::kept<Mode>(ctx, "mode") == Mode::adjoint ? Mode::linear : Mode::adjoint;
        return {Augmented::apply(gradients[0].contiguous(), abi::kept<std::shared_ptr<const Plan>>(ctx, "plan"), mode), at::Tensor(), at::Tensor()};
    }
};

Shape shape_of(const at::Tensor& x) { return {x.size(1), x.size(2), x.size(3)}; }

void check(const at::Tensor& x, const at::Tensor& parameters, const at::Tensor& noise) {
    TORCH_CHECK(x.dim() == 4 && x.size(1) > 0 && x.size(2) > 0 && x.size(3) > 0, "augment: x must be [N, C, H, W], it is ", x.sizes());
    TORCH_CHECK(parameters.dim() == 2 && parameters.size(0) == x.size(0) && parameters.size(1) == parameter_count &&
                    parameters.scalar_type() == at::kDouble && parameters.device().is_cpu(),
                "augment: parameters must be [", x.size(0), ", ", parameter_count, "] of float64 on the CPU, they are ", parameters.sizes(), " of ",
                parameters.scalar_type());
    TORCH_CHECK(!noise.defined() || noise.sizes() == x.sizes(), "augment: noise must be ", x.sizes(), " as the images, it is ", noise.sizes());
}

void check(const Shape& shape, const Image& image, const at::Tensor& noise) {
    TORCH_CHECK(!image.recolours || shape.channels == 1 || shape.channels == 3, "augment: colours need 1 or 3 channels, not ", shape.channels);
    TORCH_CHECK(image.sigma == 0 || noise.defined(), "augment: sigma is ", image.sigma, " and there is no noise");
}

}  // namespace

void run(Mode mode, const std::vector<Image>& images, const at::Tensor& x, const at::Tensor& noise, at::Tensor& out) {
    const Shape shape = shape_of(x);
    AT_DISPATCH_FLOATING_TYPES(x.scalar_type(), "augment", [&] {
        const scalar_t *in = x.data_ptr<scalar_t>(), *added = noise.defined() ? noise.data_ptr<scalar_t>() : nullptr;
        scalar_t* result = out.data_ptr<scalar_t>();
        const int64_t elements = shape.channels * shape.pixels();
        at::parallel_for(0, x.size(0), 1, [&](int64_t begin, int64_t end) {
            thread_local std::vector<scalar_t> numbers;
            thread_local std::vector<int32_t> offsets;
            for (int64_t n = begin; n < end; n++) {
                const Room room = kernels<scalar_t>().room(shape, images[n]);
                if (numbers.size() < static_cast<size_t>(room.numbers)) numbers.resize(room.numbers);
                if (offsets.size() < static_cast<size_t>(room.offsets)) offsets.resize(room.offsets);
                const scalar_t* noise_of = added ? added + n * elements : nullptr;
                kernels<scalar_t>().apply(shape, images[n], mode, in + n * elements, noise_of, result + n * elements, numbers.data(), offsets.data());
            }
        });
    });
}

at::Tensor apply(const at::Tensor& x, const at::Tensor& parameters, const at::Tensor& noise) {
    check(x, parameters, noise);
    if (!abi::has_kernels(x)) return reference(x, parameters, noise);
    const Shape shape = shape_of(x);
    const at::Tensor rows = parameters.contiguous();
    auto plan = std::make_shared<Plan>();
    for (int64_t n = 0; n < x.size(0); n++) {
        plan->images.push_back(augment::plan(shape, rows.data_ptr<double>() + n * parameter_count));
        check(shape, plan->images.back(), noise);
    }
    if (noise.defined()) plan->noise = noise.detach().to(x.scalar_type()).contiguous();
    return Augmented::apply(x.contiguous(), std::shared_ptr<const Plan>(std::move(plan)), Mode::affine);
}

}  // namespace atelier::augment
