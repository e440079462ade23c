// Gradients: modes, leaves, and the two ways to run a graph backwards.
#include "abi.h"

#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/autograd.h>

using namespace atorch;

ATORCH int atorch_grad_enabled(Flag* result) {
    return guarded("is_grad_enabled", {}, [&] { *result = at::GradMode::is_enabled(); });
}

// Per thread, as libtorch's own switch is.
ATORCH int atorch_set_grad_enabled(Flag enabled) {
    return guarded("set_grad_enabled", {}, [&] { at::GradMode::set_enabled(enabled); });
}

ATORCH int atorch_requires_grad(const at::Tensor* self, Flag* result) {
    return guarded("requires_grad", {self}, [&] { *result = self->requires_grad(); });
}

ATORCH int atorch_set_requires_grad(at::Tensor* self, Flag requires_grad) {
    return guarded("requires_grad_", {self}, [&] { self->requires_grad_(requires_grad); });
}

ATORCH int atorch_is_leaf(const at::Tensor* self, Flag* result) {
    return guarded("is_leaf", {self}, [&] { *result = self->is_leaf(); });
}

ATORCH int atorch_retain_grad(const at::Tensor* self) {
    return guarded("retain_grad", {self}, [&] { self->retain_grad(); });
}

ATORCH_UNARY(detach)
ATORCH_UNARY_INPLACE(detach_)

// Null where there is no gradient yet.
ATORCH int atorch_grad(const at::Tensor* self, at::Tensor** result) {
    return guarded("grad", {self}, [&] { *result = give(self->grad()); });
}

// The tensor itself is kept, not a copy: backward then accumulates into its storage.
ATORCH int atorch_set_grad(at::Tensor* self, const at::Tensor* gradient) {
    return guarded("set_grad", {self, gradient}, [&] {
        if (gradient) {
            TORCH_CHECK(gradient->sizes() == self->sizes(), "a gradient has the shape of its tensor");
            TORCH_CHECK(gradient->scalar_type() == self->scalar_type(), "a gradient has the dtype of its tensor");
            TORCH_CHECK(gradient->device() == self->device(), "a gradient is on the device of its tensor");
        }
        self->mutable_grad() = optional(gradient);
    });
}

ATORCH int atorch_autograd_backward(const at::Tensor* const* tensors, int32_t count, const at::Tensor* const* gradients,
                                    int32_t gradient_count, Flag retain_graph, Flag create_graph,
                                    const at::Tensor* const* inputs, int32_t input_count) {
    return guarded("backward", tensors, static_cast<size_t>(count), [&] {
        torch::autograd::backward(list_of(tensors, count), list_of(gradients, gradient_count), retain_graph,
                                  create_graph, list_of(inputs, input_count));
    });
}

ATORCH int atorch_autograd_grad(const at::Tensor* const* outputs, int32_t output_count, const at::Tensor* const* inputs,
                                int32_t input_count, const at::Tensor* const* gradients, int32_t gradient_count,
                                Flag retain_graph, Flag create_graph, Flag allow_unused, TensorList** result) {
    return guarded("grad", outputs, static_cast<size_t>(output_count), [&] {
        *result = new TensorList(torch::autograd::grad(list_of(outputs, output_count), list_of(inputs, input_count),
                                                       list_of(gradients, gradient_count), retain_graph,
                                                       create_graph, allow_unused));
    });
}
